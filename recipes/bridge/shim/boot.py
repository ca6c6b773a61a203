import sys
sys.path[:] = [p for p in sys.path if p]
import fcntl, json, os
if sys.version_info < (3, 8):
    os.write(4, b'{"hello":"recipes","protocol":1,"version":"%d.%d.%d"}\n' % sys.version_info[:3])
    sys.exit(0)
def away(fd):
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200)
    os.close(fd)
    return moved
reader, writer = os.fdopen(away(3), "rb"), os.fdopen(away(4), "wb")
hello = json.loads(reader.readline())
scope = {"__name__": "gobuild_bridge"}
exec(compile(hello["modules"]["gobuild_bridge"], "<gobuild gobuild_bridge.py>", "exec"), scope)
scope["start"](reader, writer, hello)
