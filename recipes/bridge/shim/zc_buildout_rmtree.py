"""zc.buildout.rmtree as recipes import it."""
import os
import shutil
import stat


def rmtree(path):
    """Delete a tree, also what is read-only in it."""
    def retry(function, name, _):
        for place in (os.path.dirname(name), name):
            if not os.path.islink(place) and os.path.exists(place):
                mode = stat.S_IMODE(os.lstat(place).st_mode)
                os.chmod(place, mode | (stat.S_IRWXU if os.path.isdir(place) else stat.S_IRUSR | stat.S_IWUSR))
        if function in (os.rmdir, os.unlink, os.remove):
            function(name)
        elif os.path.isdir(name) and not os.path.islink(name):
            shutil.rmtree(name, onerror=retry)

    shutil.rmtree(path, onerror=retry)
