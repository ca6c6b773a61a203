try:
    import %[1]s
except ImportError:
    # The egg is not here: gobuild checks the same, and reads this file for it.
    import json
    import os
    import subprocess

    if 'GOBUILD_PROMISE' in os.environ:
        raise  # it is gobuild that asks

    from slapos.grid.promise import interface
    from slapos.grid.promise.generic import GenericPromise
    from zope.interface import implementer

    @implementer(interface.IPromise)
    class RunPromise(GenericPromise):
        def sense(self):
            folder, name = os.path.split(os.path.splitext(os.path.abspath(__file__))[0] + '.py')
            words = [%[3]s, 'promise', 'run', '--json', '--only', name, '--python', sys.executable, folder]
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, GOBUILD_PROMISE='1'))
            output, problems = process.communicate()
            try:
                result = json.loads(output.decode('utf-8'))['promises'][0]
            except (ValueError, LookupError):
                result = {'failed': True, 'message': problems.decode('utf-8', 'replace') or 'gobuild does not tell a result'}
            (self.logger.error if result['failed'] else self.logger.info)('%%s', result.get('message', ''))

        def anomaly(self):
            return self._anomaly(result_count=3, failure_amount=3)
else:
    %[2]s