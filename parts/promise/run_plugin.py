"""Run one promise module: PATH NAME INSTANCE SECONDS."""
import importlib.util
import json
import os
import sys

path, name, instance, seconds = sys.argv[1:]
# What the module prints must not be taken for the result.
result_fd = os.dup(1)
os.dup2(2, 1)


class Queue:
    """Takes the result of the promise."""

    item = None

    def put(self, item, *ignored):
        self.item = item

    put_nowait = put


sys.path.insert(0, os.path.dirname(path))
spec = importlib.util.spec_from_file_location(name.rsplit('.', 1)[0], path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
queue = Queue()
config = {
    'name': name, 'path': path, 'partition-folder': instance, 'log-folder': None,
    'debug': False, 'queue': queue, 'promise-timeout': int(seconds),
}
config.update(getattr(module, 'extra_config_dict', {}))
module.RunPromise(config).run(False, False)
found = queue.item.item
with os.fdopen(result_fd, 'w') as out:
    out.write(json.dumps({'failed': bool(found.hasFailed()), 'message': found.message or ''}))
