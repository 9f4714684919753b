"""
Starts a program on its own terminal and types answers: prompts and keys as JSON, then the program.
{"signal": "SIGTERM"} in place of keys sends a signal. Prints the screen, and whether the terminal echoes
at the end.
"""

import json
import os
import pty
import select
import signal
import sys
import termios
import time

steps = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = b""
seen = 0
end = time.time() + 20
while time.time() < end:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the program has ended
            break
        if not part:
            break
        shown += part
    at = shown.find(steps[0][0].encode(), seen) if steps else -1
    if at >= 0:
        seen = at + len(steps[0][0].encode())
        action = steps.pop(0)[1]
        if isinstance(action, str):
            os.write(terminal, action.encode())
        else:
            os.kill(pid, getattr(signal, action["signal"]))
if time.time() >= end:
    os.kill(pid, signal.SIGKILL)
status = os.waitpid(pid, 0)[1]
echo = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
print(json.dumps({"shown": shown.decode(), "status": status, "echo": echo}))
