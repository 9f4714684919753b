"""
Runs a program on its own terminal, 80 columns wide, and acts as the person and the screen.

The first argument is a JSON list of steps: [text to wait for, keys to type], each used once, in order;
"" waits for any text. The program and its arguments follow. Prints as JSON: the lines that a person could
read at the end, including those that scrolled away; each prompt as it looked when answered; unknown
control sequences; and whether the terminal still echoes.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

COLUMNS, ROWS = 80, 24
SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>()][0-9AB]?")


class Screen:
    """A terminal's screen: rows, a cursor, and which rows continue the one above."""

    def __init__(self):
        self.rows, self.goes_on, self.row, self.column = [[]], [False], 0, 0
        self.unknown, self.rest = [], ""

    def feed(self, text):
        text, self.rest = self.rest + text, ""
        at = 0
        while at < len(text):
            sign = text[at]
            if sign == "\x1b":
                match = SEQUENCE.match(text, at)
                if match is None:
                    if len(text) - at < 32:
                        self.rest = text[at:]
                        return
                    self.unknown.append(text[at : at + 8])
                    at += 1
                    continue
                if match.group(2):
                    self.steer(match.group(1), match.group(2))
                at = match.end()
                continue
            at += 1
            if sign == "\r":
                self.column = 0
            elif sign == "\n":
                self.down()
            elif sign == "\b":
                self.column = max(0, self.column - 1)
            elif sign == "\x07":
                pass
            elif sign < " ":
                self.unknown.append(sign)
            else:
                self.write(sign)

    def down(self, goes_on=False):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])
            self.goes_on.append(goes_on)

    def write(self, sign):
        if self.column == COLUMNS:
            self.down(True)
            self.column = 0
        row = self.rows[self.row]
        row.extend(" " * (self.column + 1 - len(row)))
        row[self.column] = sign
        self.column += 1

    def steer(self, numbers, what):
        count = int(numbers) if numbers.isdigit() else 0
        row = self.rows[self.row]
        if what == "K":
            if count == 0:
                del row[self.column :]
            elif count == 2:
                row.clear()
        elif what == "J":
            if count == 0:
                del row[self.column :]
                del self.rows[self.row + 1 :], self.goes_on[self.row + 1 :]
        elif what == "A":
            # A screen has an upper end.
            self.row = max(0, len(self.rows) - ROWS, self.row - max(1, count))
        elif what == "B":
            self.row = min(len(self.rows) - 1, self.row + max(1, count))
        elif what == "C":
            self.column = min(COLUMNS, self.column + max(1, count))
        elif what == "D":
            self.column = max(0, self.column - max(1, count))
        elif what == "G":
            self.column = max(0, count - 1)
        elif what not in "mhl":
            self.unknown.append(numbers + what)

    def lines(self):
        lines = []
        for row, goes_on in zip(self.rows, self.goes_on):
            text = "".join(row)
            if goes_on and lines:
                lines[-1] += text
            else:
                lines.append(text)
        return [line.rstrip() for line in lines]


steps = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
screen, asked, raw = Screen(), [], b""
shown_to, end = 0, time.time() + 120
while time.time() < end:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the program has ended
            break
        if not part:
            break
        raw += part
        screen.feed(part.decode(errors="replace"))
        continue
    # The output pauses, so this is what a person sees.
    whole = "\n".join(screen.lines())
    at = whole.find(steps[0][0], shown_to) if steps else -1
    if at >= 0:
        shown_to = at + len(steps[0][0])
        asked.append(screen.lines()[-1])
        os.write(terminal, steps.pop(0)[1].encode())
late = time.time() >= end
if late:
    os.kill(pid, signal.SIGKILL)
status = os.waitpid(pid, 0)[1]
print(
    json.dumps(
        {
            "lines": screen.lines(),
            "asked": asked,
            "unknown": screen.unknown,
            "left": len(steps),
            "late": late,
            "code": os.waitstatus_to_exitcode(status),
            "echo": bool(termios.tcgetattr(terminal)[3] & termios.ECHO),
            "raw": raw.decode(errors="replace"),
        }
    )
)
