"""Starts a program on a terminal of its own and types answers: prompts and keys as JSON, then the program."""

import json
import os
import pty
import select
import sys
import time

steps = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = b""
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
    if steps and shown.decode(errors="replace").endswith(steps[0][0]):
        os.write(terminal, steps.pop(0)[1].encode())
print(json.dumps({"shown": shown.decode(), "status": os.waitpid(pid, 0)[1]}))
