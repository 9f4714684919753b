"""Runs a notebook in a real kernel and reports what a person would have seen.

Reads one JSON request from standard input, and commands after it: an answer to the open question, or
a press of the stop button. Prints events, one JSON per line: what is shown, the prompts, and finally
the result. run_notebook.ts describes them. It does not use nbformat, which takes two seconds to import.
"""

import asyncio
import json
import queue
import sys
import threading
import time

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager


def say(event, content):
    print(json.dumps({"event": event, "content": content}), flush=True)


class Commands(threading.Thread):
    """The person's commands, as they arrive."""

    def __init__(self):
        super().__init__(daemon=True)
        self.answers = queue.SimpleQueue()
        self.interrupts = queue.SimpleQueue()

    def run(self):
        for line in sys.stdin:
            command = json.loads(line)
            if "answer" in command:
                self.answers.put(command["answer"])
            else:
                self.interrupts.put(command)

    async def next_answer(self):
        while self.answers.empty():
            await asyncio.sleep(0.02)
        return self.answers.get()


class OneKernelSpec(KernelSpecManager):
    """Finds the kernels of one folder only, so that nothing global is read or changed."""

    def find_kernel_specs(self):
        return {"deno": self.user_kernel_dir}

    def get_kernel_spec(self, kernel_name):
        # Older releases look into their own folders here, and ignore the function above.
        return self.kernel_spec_class.from_resource_dir(self.user_kernel_dir)


class Page:
    """The outputs of a notebook as a frontend stores them: streams joined, displays updated in place."""

    def __init__(self, notebook):
        self.notebook = notebook
        self.shown = {}

    def clear(self, cell):
        cell["outputs"] = []
        self.shown = {
            name: [entry for entry in entries if entry["cell"] is not cell]
            for name, entries in self.shown.items()
        }

    def take(self, cell, kind, content):
        outputs = cell["outputs"]
        if kind == "stream":
            if outputs and outputs[-1].get("name") == content["name"]:
                outputs[-1]["text"] += content["text"]
            else:
                outputs.append({"output_type": kind, "name": content["name"], "text": content["text"]})
        elif kind in ("display_data", "execute_result"):
            output = {"output_type": kind, "data": content["data"], "metadata": content["metadata"]}
            if kind == "execute_result":
                output["execution_count"] = content["execution_count"]
            outputs.append(output)
            name = content.get("transient", {}).get("display_id")
            if name:
                self.shown.setdefault(name, []).append({"cell": cell, "output": output})
        elif kind == "update_display_data":
            for entry in self.shown.get(content["transient"]["display_id"], []):
                entry["output"].update(data=content["data"], metadata=content["metadata"])
        elif kind == "error":
            outputs.append({
                "output_type": kind,
                **{key: content[key] for key in ("ename", "evalue", "traceback")},
            })
        elif kind == "clear_output":
            self.clear(cell)

    def saved(self):
        """The notebook with its texts as lists of lines, as in files."""
        for cell in self.notebook["cells"]:
            for output in cell.get("outputs", []):
                if "text" in output:
                    output["text"] = output["text"].splitlines(True)
                for kind, value in output.get("data", {}).items():
                    if isinstance(value, str) and not kind.startswith("image/"):
                        output["data"][kind] = value.splitlines(True)
        return self.notebook


class Drive:
    def __init__(self, request):
        self.request = request
        self.commands = Commands()
        self.commands.start()
        self.page = Page(request["notebook"])
        self.answers = list(request["answers"])
        self.prompts = []
        self.displays = []
        self.cells = []

    async def start(self):
        """Starts a kernel, and tries again if another program took one of its ports first."""
        specs = OneKernelSpec(user_kernel_dir=self.request["kernelDirectory"])
        for attempt in range(3):
            self.manager = AsyncKernelManager(kernel_name="deno", kernel_spec_manager=specs)
            await self.manager.start_kernel(env=self.request["env"], cwd=self.request["directory"])
            self.client = self.manager.client()
            self.client.start_channels()
            try:
                return await self.client.wait_for_ready(timeout=self.request["startTimeout"])
            except BaseException:
                died = not await self.manager.is_alive()
                await self.stop()
                if not died or attempt == 2:
                    raise

    async def stop(self):
        self.client.stop_channels()
        await self.manager.shutdown_kernel(now=True)

    async def run(self):
        started = time.monotonic()
        await self.start()
        try:
            start_seconds = time.monotonic() - started
            for index, cell in enumerate(self.page.notebook["cells"]):
                if cell["cell_type"] == "code" and not await self.run_cell(index, cell):
                    break
            alive = await self.manager.is_alive()
        finally:
            await self.stop()
        return {
            "cells": self.cells,
            "prompts": self.prompts,
            "displays": self.displays,
            "kernelAlive": alive,
            "startSeconds": start_seconds,
            "notebook": self.page.saved(),
        }

    async def run_cell(self, index, cell):
        """Runs one cell. False if the notebook cannot continue."""
        self.page.clear(cell)
        source = cell["source"]
        started = time.monotonic()
        message_id = self.client.execute(
            source if isinstance(source, str) else "".join(source),
            allow_stdin=self.request["allowStdin"],
        )
        record = {"cell": index, "status": "timeout", "seconds": 0.0}
        self.cells.append(record)
        interrupt = self.request["interruptAt"]
        due = started + interrupt["seconds"] if interrupt and interrupt["cell"] == index else None
        reply, idle, begun, last_heard = None, False, None, started
        while time.monotonic() - started < self.request["cellTimeout"]:
            if due is not None and time.monotonic() >= due:
                due = None
                await self.manager.interrupt_kernel()
            if not self.commands.interrupts.empty():
                self.commands.interrupts.get()
                await self.manager.interrupt_kernel()
            await self.answer(index, message_id)
            heard = await self.take(self.client.get_iopub_msg, message_id)
            if heard:
                last_heard = time.monotonic()
                if self.is_state("busy", heard, message_id):
                    begun = heard["header"]["date"]
                if self.is_state("idle", heard, message_id):
                    idle = True
                    record["seconds"] = last_heard - started
                    # By the kernel's clock: this loop waits for one channel after the other.
                    ended = heard["header"]["date"]
                    record["busy"] = (ended - (begun or ended)).total_seconds()
                self.keep(index, cell, heard)
            reply = reply or await self.take(self.client.get_shell_msg, message_id)
            # The result of a cell may come after `idle`, so a cell ends after a silence.
            if reply and idle and time.monotonic() - last_heard > self.request["quiet"]:
                record["status"] = reply["content"]["status"]
                cell["execution_count"] = reply["content"].get("execution_count")
                return record["status"] == "ok" or self.request["keepGoing"]
            if not await self.manager.is_alive():
                record["status"] = "kernel_died"
                return False
        return False

    def is_state(self, state, message, message_id):
        return (
            message["msg_type"] == "status"
            and message["content"]["execution_state"] == state
            and message["parent_header"].get("msg_id") == message_id
        )

    def keep(self, index, cell, message):
        kind, content = message["msg_type"], message["content"]
        if kind in ("display_data", "update_display_data"):
            self.displays.append({
                "cell": index,
                "update": kind == "update_display_data",
                "id": content.get("transient", {}).get("display_id"),
                "data": dict(content["data"]),
            })
            say("display", self.displays[-1])
        self.page.take(cell, kind, content)

    async def answer(self, index, message_id):
        """Types the next answer at an open prompt."""
        message = await self.take(self.client.get_stdin_msg, message_id)
        if message is None or message["msg_type"] != "input_request":
            return
        content = message["content"]
        self.prompts.append(
            {"cell": index, "prompt": content["prompt"], "password": content["password"]}
        )
        answer = self.answers.pop(0) if self.answers else ""
        if isinstance(answer, dict) and answer.get("live"):
            say("question", self.prompts[-1])
            answer = await self.commands.next_answer()
        elif isinstance(answer, dict):
            await asyncio.sleep(answer.get("after", 0))
            if answer.get("interrupt"):
                await self.manager.interrupt_kernel()
                await asyncio.sleep(0.3)
            answer = answer["answer"]
        self.client.input(answer)

    async def take(self, channel, message_id):
        """The next message of a channel; None if there is none, or it belongs to something else."""
        try:
            message = await channel(timeout=0.02)
        except queue.Empty:
            return None
        # The output of a timer may have an older cell as its parent, or none.
        about_this = message["parent_header"].get("msg_id") in (message_id, None)
        return message if about_this or message["msg_type"].endswith("display_data") else None


if __name__ == "__main__":
    drive = Drive(json.loads(sys.stdin.readline()))
    say("result", asyncio.run(drive.run()))
    # The reader of the result closes the input.
    drive.commands.join()
