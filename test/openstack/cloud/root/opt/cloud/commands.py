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
results = []
printed, sys.stderr = sys.stdout, io.StringIO()
client = OpenStackShell()
for position, command in enumerate(commands):
    sys.stdout = client.stdout = io.StringIO()
    sys.stderr.seek(0)
    sys.stderr.truncate()
    try:
        shows = issubclass(client.command_manager.find_command(command)[0], DisplayCommandBase)
        arguments = [*command, "--format", "json"] if shows else command
        # The first one logs in, too.
        code = client.run_subcommand(arguments) if position else client.run(arguments)
    except ValueError as error:  # no such command
        shows, code = False, 2
        sys.stderr.write(str(error))
    except SystemExit as exit:  # wrong arguments
        code = exit.code
    text = client.stdout.getvalue() or sys.stdout.getvalue()
    results.append(
        {
            "code": code,
            "out": json.loads(text) if shows and not code and text else text,
            "error": sys.stderr.getvalue().strip(),
        }
    )
    if code:
        break
json.dump(results, printed)
