"""zc.buildout.download as recipes import it: gobuild's fetcher does the work."""
import hashlib
import logging
import os
import shutil
import tempfile
from urllib.parse import urlparse

import zc.buildout
from gobuild_sections import ask


class ChecksumError(zc.buildout.UserError):
    """A file has another checksum than it must have."""


class Download(object):
    """Gets files by the caches, mirrors and rules of gobuild.

    The arguments are those of zc.buildout.  `cache` counts only when it is
    None, which forbids the cache of the buildout.
    """

    def __init__(self, options=None, cache=-1, namespace=None, offline=-1, fallback=False, hash_name=False, logger=None):
        options = {} if options is None else options
        self.directory = options.get("directory", "")
        self.cache = options.get("download-cache") if cache == -1 else cache
        self.namespace, self.fallback, self.hash_name = namespace, fallback, hash_name
        self.offline = offline
        if offline == -1:
            self.offline = options.get("offline") == "true" or options.get("install-from-cache") == "true"
        self.logger = logger or logging.getLogger("zc.buildout")

    @property
    def download_cache(self):
        if self.cache is not None:
            return os.path.realpath(os.path.join(self.directory, self.cache))

    @property
    def cache_dir(self):
        if self.download_cache is not None:
            return os.path.join(self.download_cache, self.namespace or "")

    def __call__(self, url, md5sum=None, path=None, alternate_url=None, **sums):
        """Return the path of the file, and whether the caller deletes it."""
        return self.download(url, md5sum, path, alternate_url, **sums)

    def download(self, url, md5sum=None, path=None, alternate_url=None, **sums):
        sums = {k[:-3] if k.endswith("sum") else k: v for k, v in dict(sums, md5sum=md5sum).items() if v}
        got = ask("fetch", url=str(url), sums=sums, offline=bool(self.offline), folder=self.namespace or "",
                  alternates=[alternate_url] if alternate_url else [])
        source, temporary = got["path"], got["temp"]
        if path is None or os.path.realpath(path) == os.path.realpath(source):
            return source, temporary
        if os.path.isdir(source):
            shutil.copytree(source, path, symlinks=True)
        elif temporary:
            shutil.move(source, path)
        else:
            _copy(source, path, got["local"])
        return path, False

    download_cached = download

    def filename(self, url):
        """Return the name of the file in a cache."""
        if self.hash_name:
            return hashlib.md5(url.encode()).hexdigest()
        parsed = urlparse(url, "file")
        names = [n for n in parsed.path.split("/") if n]
        return names[-1] if names else "%s:%s" % parsed[1:3]


def _copy(source, path, local):
    """Copy a file: never link it, as it may be the user's own."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)))
    os.close(handle)
    shutil.copyfile(source, temporary)
    if local:
        shutil.copymode(source, temporary)
    os.replace(temporary, path)


def check_md5sum(path, md5sum):
    """Report whether a file has this checksum; without one it has."""
    if md5sum is None:
        return True
    digest = hashlib.md5()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 16), b""):
            digest.update(block)
    return digest.hexdigest() == md5sum


def remove(path):
    if os.path.exists(path):
        os.remove(path)


def locate_at(source, dest):
    """Put a copy of a file or directory at dest."""
    if dest is None or os.path.realpath(dest) == os.path.realpath(source):
        return source
    if os.path.isdir(source):
        shutil.copytree(source, dest)
    else:
        _copy(source, dest, True)
    return dest
