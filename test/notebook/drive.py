"""Runs a notebook in a real kernel and says what a person would have met.

Reads one JSON request from standard input, prints one JSON result. See run_notebook.ts for both.
"""

import asyncio
import json
import sys
import time

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete


class OneKernelSpec(KernelSpecManager):
    """Knows the kernels of one folder only, so that nothing global is read or changed."""

    def find_kernel_specs(self):
        return {"deno": self.user_kernel_dir}


class Drive:
    def __init__(self, request):
        self.request = request
        self.notebook = nbformat.from_dict(request["notebook"])
        self.answers = list(request["answers"])
        self.prompts = []
        self.displays = []
        self.cells = []
        specs = OneKernelSpec(user_kernel_dir=request["kernelDirectory"])
        self.manager = AsyncKernelManager(kernel_name="deno", kernel_spec_manager=specs)
        # Only its bookkeeping is used: it merges outputs and display updates as a frontend saves them.
        self.book = NotebookClient(self.notebook, km=self.manager, record_timing=False)

    async def run(self):
        started = time.monotonic()
        await self.manager.start_kernel(env=self.request["env"], cwd=self.request["directory"])
        self.client = self.manager.client()
        self.client.start_channels()
        self.book.kc = self.client
        try:
            await self.client.wait_for_ready(timeout=self.request["startTimeout"])
            self.start_seconds = time.monotonic() - started
            self.book.reset_execution_trackers()
            for index, cell in enumerate(self.notebook.cells):
                if cell.cell_type == "code" and not await self.run_cell(index, cell):
                    break
            alive = await self.manager.is_alive()
        finally:
            self.client.stop_channels()
            await self.manager.shutdown_kernel(now=True)
        return {
            "cells": self.cells,
            "prompts": self.prompts,
            "displays": self.displays,
            "kernelAlive": alive,
            "startSeconds": self.start_seconds,
            "notebook": json.loads(nbformat.writes(self.notebook)),
        }

    async def run_cell(self, index, cell):
        """Runs one cell; False when the notebook cannot go on."""
        cell.outputs = []
        self.book.clear_before_next_output = False
        self.book.clear_display_id_mapping(index)
        self.book.code_cells_executed += 1
        started = time.monotonic()
        deadline = started + self.request["cellTimeout"]
        message_id = self.client.execute(
            cell.source, allow_stdin=self.request["allowStdin"], store_history=True
        )
        record = {"cell": index, "status": "timeout", "seconds": 0.0}
        self.cells.append(record)
        interrupt = self.request["interruptAt"]
        due = started + interrupt["seconds"] if interrupt and interrupt["cell"] == index else None
        reply, idle, quiet_since = None, False, started
        while time.monotonic() < deadline:
            if due is not None and time.monotonic() >= due:
                due = None
                await self.manager.interrupt_kernel()
            busy = await self.take_messages(index, cell, message_id)
            quiet_since = time.monotonic() if busy else quiet_since
            if busy == "idle":
                idle = True
                record["seconds"] = time.monotonic() - started
            reply = reply or await self.take(self.client.get_shell_msg, message_id)
            # The result of a cell may come after `idle`, so a moment of silence ends it, not `idle`.
            if reply and idle and time.monotonic() - quiet_since > self.request["quiet"]:
                record["status"] = reply["content"]["status"]
                cell.execution_count = reply["content"].get("execution_count")
                return record["status"] == "ok" or self.request["keepGoing"]
            if not await self.manager.is_alive():
                record["status"] = "kernel_died"
                return False
        return False

    async def take_messages(self, index, cell, message_id):
        """Handles what has arrived: "idle", "busy" for anything else, None for nothing."""
        await self.answer(index, message_id)
        message = await self.take(self.client.get_iopub_msg, message_id)
        if message is None:
            return None
        if message["msg_type"] in ("display_data", "update_display_data"):
            content = message["content"]
            self.displays.append({
                "cell": index,
                "update": message["msg_type"] == "update_display_data",
                "id": content.get("transient", {}).get("display_id"),
                "data": content["data"],
            })
        try:
            self.book.process_message(message, cell, index)
        except CellExecutionComplete:
            return "idle"
        return "busy"

    async def answer(self, index, message_id):
        message = await self.take(self.client.get_stdin_msg, message_id)
        if message is None or message["msg_type"] != "input_request":
            return
        content = message["content"]
        answer = self.answers.pop(0) if self.answers else ""
        self.prompts.append({
            "cell": index, "prompt": content["prompt"], "password": content["password"]
        })
        if isinstance(answer, dict):
            # A person who takes a while: {"after": seconds, "interrupt": bool, "answer": text}.
            if answer.get("interrupt"):
                await asyncio.sleep(0.3)
                await self.manager.interrupt_kernel()
            await asyncio.sleep(answer.get("after", 0))
            answer = answer["answer"]
        self.client.input(answer)

    async def take(self, channel, message_id):
        """The next message of a channel about this cell, or None within a few milliseconds."""
        try:
            message = await channel(timeout=0.02)
        except Exception as error:  # queue.Empty, and what a dead kernel's sockets raise
            if type(error).__name__ != "Empty":
                raise
            return None
        parent = message["parent_header"].get("msg_id")
        # A display may come from a timer, outside of any cell.
        return message if parent in (message_id, None) or message["msg_type"].endswith("display_data") else None


if __name__ == "__main__":
    result = asyncio.run(Drive(json.load(sys.stdin)).run())
    json.dump(result, sys.stdout)
