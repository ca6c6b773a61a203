"""Calls a hook: a Python function in a file, as zc.buildout recipes do.

Standard input has a JSON object; texts in it are bytes written as Latin-1:
  file, function      what to call
  options             the options of the part
  buildout            sections, by name
  environ             the environment of the part's commands
  result              the file to write {options, environ} or {error} to
"""
import importlib.machinery
import importlib.util
import json
import os
import sys
import traceback
import types


class Options(dict):
    """The options of a section."""

    def __init__(self, name, options):
        dict.__init__(self, options)
        self.name = name

    def __missing__(self, key):
        raise KeyError('Missing option: %s:%s' % (self.name, key))


class Buildout(dict):
    """The sections that a hook can read."""

    def __missing__(self, name):
        raise KeyError(
            'section [%s] is not known to hooks: the hook must name it as buildout[%r], in a local file'
            % (name, name))


def decode(value):
    if isinstance(value, dict):
        return {decode(k): decode(v) for k, v in value.items()}
    return os.fsdecode(value.encode('latin-1'))


def encode(value, what):
    if isinstance(value, dict):
        return {encode(k, what): encode(v, what) for k, v in value.items()}
    if not isinstance(value, str):
        raise TypeError('the hook left %r in %s: values must be text' % (value, what))
    return os.fsencode(value).decode('latin-1')


def provide_user_error():
    """Hooks raise zc.buildout.UserError; this Python may not have it."""
    try:
        import zc.buildout
    except ImportError:
        class UserError(Exception):
            pass
        package = sys.modules.setdefault('zc', types.ModuleType('zc'))
        package.buildout = sys.modules['zc.buildout'] = types.ModuleType('zc.buildout')
        package.buildout.UserError = UserError


def load(path):
    loader = importlib.machinery.SourceFileLoader('<script>', path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('<script>', loader))
    sys.modules['<script>'] = module
    loader.exec_module(module)
    return module


def call(job):
    name, environ = job['part'], dict(job['environ'])
    options = Options(name, job['options'])
    buildout = Buildout((s, Options(s, o)) for s, o in job['buildout'].items())
    buildout[name] = options
    function = getattr(load(job['file']), job['function'])
    try:
        function(options, buildout, environ)
    except TypeError:
        # Hooks may take two arguments. As in the recipes, a TypeError from
        # within a hook of three arguments leads here too.
        function(options, buildout)
    return {'options': encode(options, 'options'), 'environ': encode(environ, 'environ')}


def main():
    sys.dont_write_bytecode = True
    job = decode(json.loads(sys.stdin.buffer.read()))
    provide_user_error()
    failed = False
    try:
        result = call(job)
    except BaseException as e:
        failed = True
        sys.stderr.write('Called from here:\n' + ''.join(traceback.format_tb(e.__traceback__)))
        text = '%s: %s' % (type(e).__name__, e)
        sys.stderr.write(text + '\n')
        result = {'error': encode(text, 'error')}
    with open(job['result'], 'w') as f:
        json.dump(result, f)
    sys.exit(failed)


main()
