"""Runs commands of the openstack client, all in one process: starting it takes seconds, most commands take a fraction of one.

In:  [["network", "list"], ...] on stdin.
Out: [{"code": 0, "out": ..., "error": ""}, ...], stopping after the first that fails; "out" is the JSON that the command
     prints, or its text where it prints no JSON."""

import io
import json
import sys

from cliff.display import DisplayCommandBase
from openstackclient.shell import OpenStackShell

commands = json.load(sys.stdin)
sys.argv = ["openstack"]  # its name in messages
client = OpenStackShell()
printed, complained = sys.stdout, sys.stderr
said = io.StringIO()


def attempt(run, command: list, shows: bool = False) -> dict:
    """Runs one command and keeps what it prints."""
    sys.stdout = client.stdout = io.StringIO()
    said.seek(0)
    said.truncate()
    try:
        code = run([*command, "--format", "json"] if shows else command)
    except SystemExit as exit:  # wrong arguments
        code = exit.code
    text = client.stdout.getvalue()
    out = json.loads(text) if shows and not code and text else text
    return {"code": code, "out": out, "error": said.getvalue().strip()}


def shows_json(command: list) -> bool:
    try:
        return issubclass(client.command_manager.find_command(command)[0], DisplayCommandBase)
    except ValueError:  # no such command, which the client says better itself
        return False


sys.stderr = said
try:
    # Logs in; which commands there are depends on it.
    login = attempt(client.run, ["token", "issue"])
    results = [login] if login["code"] else []
    for command in [] if results else commands:
        results.append(attempt(client.run_subcommand, command, shows_json(command)))
        if results[-1]["code"]:
            break
finally:
    sys.stdout, sys.stderr = printed, complained
json.dump(results, printed)
