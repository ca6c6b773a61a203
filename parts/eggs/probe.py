import json, os, platform, sys, sysconfig

def tags():
    for name in ('packaging.tags', 'pip._vendor.packaging.tags', 'setuptools._vendor.packaging.tags', 'setuptools.extern.packaging.tags'):
        try:
            module = __import__(name, fromlist=['sys_tags'])
            return [str(tag) for tag in module.sys_tags()]
        except Exception:
            pass
    major, minor = sys.version_info[:2]
    machine = sysconfig.get_platform().replace('-', '_').replace('.', '_')
    platforms = [machine]
    arch = platform.machine()
    libc, version = platform.libc_ver()
    if libc == 'glibc' and sys.platform.startswith('linux'):
        newest = int(version.split('.')[1])
        platforms = ['manylinux_2_%d_%s' % (n, arch) for n in range(newest, 4, -1)] + ['manylinux2014_' + arch, 'manylinux2010_' + arch, 'manylinux1_' + arch, machine]
    python = 'cp%d%d' % (major, minor)
    abi = python + (getattr(sys, 'abiflags', '') if major == 3 else 'mu')
    found = ['%s-%s-%s' % (python, abi, p) for p in platforms]
    if major == 3:
        found += ['cp3%d-abi3-%s' % (n, p) for n in range(minor, 1, -1) for p in platforms]
    found += ['%s-none-%s' % (python, p) for p in platforms]
    found += ['py%s-none-%s' % (v, p) for v in ('%d%d' % (major, minor), major) for p in platforms]
    return found + [python + '-none-any'] + ['py%s-none-any' % v for v in ['%d%d' % (major, minor), major] + ['%d%d' % (major, n) for n in range(minor - 1, -1, -1)]]

def bundled():
    try:
        import ensurepip
        directory = os.path.join(os.path.dirname(ensurepip.__file__), '_bundled')
        wheels = [name for name in os.listdir(directory) if name.startswith('pip-')]
        return os.path.join(directory, wheels[0])
    except Exception:
        return ''

def has_pip():
    try:
        import pip
        return True
    except Exception:
        return False

def linker():
    # Modules find the library of the Python in the process that loads them.
    command, own = sysconfig.get_config_var('LDSHARED') or '', sysconfig.get_config_var('LIBDIR') or ''
    words = command.split()
    kept = [word for word in words if not (own and word in ('-Wl,-rpath,' + own, '-Wl,-rpath=' + own))]
    return ' '.join(kept) if kept != words else ''

site = []
for path in [sysconfig.get_paths().get('purelib'), sysconfig.get_paths().get('platlib')] + sys.path:
    if path and os.path.basename(path) in ('site-packages', 'dist-packages') and path not in site and os.path.isdir(path):
        site.append(path)
full = platform.python_version()
name = sys.implementation.name if hasattr(sys, 'implementation') else platform.python_implementation().lower()
json.dump({
    'version': '%d.%d' % sys.version_info[:2], 'full': full, 'platform': sysconfig.get_platform(), 'tags': tags(), 'site': site,
    'prefix': sys.prefix, 'executable': sys.executable or '', 'pip': has_pip(), 'bundled': bundled(), 'linker': linker(),
    'markers': {
        'implementation_name': name, 'implementation_version': full, 'os_name': os.name, 'platform_machine': platform.machine(),
        'platform_release': platform.release(), 'platform_system': platform.system(), 'platform_version': platform.version(),
        'python_full_version': full, 'platform_python_implementation': platform.python_implementation(),
        'python_version': '%d.%d' % sys.version_info[:2], 'sys_platform': sys.platform, 'extra': '',
    },
}, sys.stdout)
