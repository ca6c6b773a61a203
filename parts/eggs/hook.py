# Calls a hook of a build backend (PEP 517, PEP 660) in the directory of the
# project, and writes what it returns. Arguments: backend, backend-path, hook,
# arguments and the file for the answer, as JSON.
import importlib, json, os, sys

job = json.loads(sys.argv[1])
sys.argv[:] = ['setup.py']
sys.path[0:0] = [os.path.abspath(path) for path in job['path']]
if sys.path and sys.path[len(job['path'])] == '':
    del sys.path[len(job['path'])]
name, _, attributes = job['backend'].partition(':')
backend = importlib.import_module(name)
for attribute in attributes.split('.') if attributes else []:
    backend = getattr(backend, attribute)
hook = getattr(backend, job['hook'], None)
answer = {'found': hook is not None, 'value': hook(*job['args']) if hook else None}
with open(job['answer'], 'w') as f:
    json.dump(answer, f)
