def _interpret(names):
    """Does what Python does with its arguments."""
    import runpy
    args, stay, done = sys.argv[1:], False, False
    while args and args[0][:1] == '-' and args[0] != '-' and not done:
        word = args.pop(0)
        if word == '--':
            break
        letters = word[1:]
        while letters and not done:
            letter, letters = letters[0], letters[1:]
            if letter in 'cmWX':
                value = letters or (args.pop(0) if args else sys.exit('Argument expected for the -%s option' % letter))
                letters = ''
            if letter == 'i':
                stay = True
            elif letter == 'c':
                sys.argv[:] = ['-c'] + args
                done = True
                exec(compile(value, '<string>', 'exec'), names)
            elif letter == 'm':
                sys.argv[:] = [value] + args
                done = True
                runpy.run_module(value, {}, '__main__', alter_sys=True)
            elif letter not in 'BbdEIOPqRsSuvWXx':
                sys.exit('Unknown option: -%s' % letter)
    if not done and args:
        sys.argv[:] = args
        done = True
        if args[0] == '-':
            exec(compile(sys.stdin.read(), '<stdin>', 'exec'), names)
        else:
            names['__file__'] = args[0]
            with open(args[0], 'rb') as script:
                text = script.read()
            exec(compile(text, args[0], 'exec'), names)
    if done and not stay:
        return
    if not stay and not sys.stdin.isatty():
        exec(compile(sys.stdin.read(), '<stdin>', 'exec'), names)
        return
    import code
    code.interact(banner='', local=names)


if __name__ == '__main__':
    _interpret(globals())
