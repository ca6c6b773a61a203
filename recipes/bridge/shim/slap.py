"""What a partition says to its master and hears from it, by the slap library.

gobuild knows what the recipes mean; here is only what the library tells, as
values that JSON has.  What it cannot do is told as an exception with
`gobuild_error`, without what was sent: it may hold secrets.
"""
import importlib

LIBRARY = "slapos.core"  # the project that has the module slapos.slap

# Parameters of a partition that are none of its user.
_ADDRESSES = ("full_ip_list", "full_address_list")
_KNOWN = ("slap_software_type", "slap_computer_partition_id", "slap_computer_id", "slap_software_release_url", "slave_instance_list",
          "timestamp", "instance_title", "root_instance_title", "root_instance_short_title", "ip_list") + _ADDRESSES

_library = None  # the module, once it was found
_masters = {}  # connections of the library


def told(kind, text, **more):
    """Return the exception that tells gobuild why the master is of no use."""
    err = RuntimeError(text)
    err.gobuild_error = dict(more, kind=kind, text=text)
    return err


def library(bridge, buildout):
    """Return the module slapos.slap: that of the eggs, else that of Python."""
    global _library
    if _library is None:
        import gobuild_eggs
        from gobuild_dists import Missing, Requirement, activate, use_develop

        finder = gobuild_eggs.finder(bridge, buildout)
        use_develop(finder.develop)
        try:
            activate(finder.resolve([Requirement(LIBRARY)]))
            _library = importlib.import_module("slapos.slap")
        except Missing as err:
            raise told("slap-library", str(err), tried=finder.tried) from None
        except ImportError as err:
            raise told("slap-library", "%s: %s" % (type(err).__name__, err)) from None
    return _library


def connect(slap, server, key, cert):
    """Return the connection of the library to a master."""
    master = _masters.get((server, key, cert))
    if master is None:
        master = slap.slap()
        master.initializeConnection(server, key or None, cert or None)
        _masters[server, key, cert] = master
    return master


def ask(bridge, buildout, call, server, computer, partition, key="", cert="", **arguments):
    """Do one call; return what the master tells."""
    slap = library(bridge, buildout)
    try:
        one = connect(slap, server, key, cert).registerComputerPartition(computer, partition)
        return globals()["call_" + call](slap, one, **arguments)
    except BaseException as err:
        if hasattr(err, "gobuild_error") or not isinstance(err, Exception):
            raise
        raise problem(err) from None


def problem(err):
    """Return what gobuild is told of an error of the library, by the name of
    its class: there are several versions of the library."""
    kind = {"NotFoundError": "slap-missing", "ConnectionError": "slap-down", "ResourceNotReady": "slap-early"}.get(type(err).__name__, "slap-refused")
    status = getattr(getattr(err, "response", None), "status_code", None) or getattr(getattr(err.__context__, "response", None), "status_code", None)
    return told(kind, reason(err), status=status or 0)


def reason(err):
    """Return the first cause of an error in a few words."""
    words = "%s: %s" % (type(err).__name__, err)
    seen = set()
    while err is not None and id(err) not in seen:
        seen.add(id(err))
        if isinstance(err, OSError) and err.strerror and isinstance(err.errno, int):
            words = err.strerror
        elif "Timeout" in type(err).__name__:
            words = "it did not answer in time"
        inner = [a for a in err.args if isinstance(a, Exception)]
        err = err.__cause__ or err.__context__ or getattr(err, "reason", None) or (inner[0] if inner else None)
        if not isinstance(err, BaseException):
            break
    return words.split("\n")[0]


def texts(values):
    """Return parameters as texts by name."""
    return {str(k): v if isinstance(v, str) else str(v) for k, v in (values or {}).items()}


def slave(one):
    """Return a shared instance."""
    rest = {k: v for k, v in one.items() if k not in ("slave_reference", "slave_title", "slap_software_type")}
    return {"reference": str(one.get("slave_reference") or ""), "title": str(one.get("slave_title") or ""),
            "software-type": str(one.get("slap_software_type") or ""), "parameters": texts(rest)}


# The calls

def call_partition(slap, one):
    told = dict(one.getInstanceParameterDict())
    return {
        "state": one.getState(), "guid": one.getInstanceGuid(),
        "software-type": told.get("slap_software_type") or "", "software-release-url": told.get("slap_software_release_url") or "",
        "computer": told.get("slap_computer_id") or "", "partition": told.get("slap_computer_partition_id") or "",
        "title": told.get("instance_title") or "UNKNOWN Instance", "root-title": told.get("root_instance_title") or "UNKNOWN",
        "root-short-title": told.get("root_instance_short_title") or "UNKNOWN", "timestamp": str(told.get("timestamp") or ""),
        "addresses": [str(address[1]) for address in told.get("ip_list") or ()],
        "slaves": [slave(s) for s in told.get("slave_instance_list") or ()],
        "parameters": texts({k: v for k, v in told.items() if k not in _KNOWN}),
    }


def call_published(slap, one):
    return texts(one.getConnectionParameterDict())


def call_publish(slap, one, values, slave):
    if slave:
        one.setConnectionDict(values, slave)
    else:
        one.setConnectionDict(values)


def call_request(slap, one, name, software, kind, shared, state, parameters, filter):
    try:
        got = one.request(software, kind, name, partition_parameter_kw=parameters, filter_kw=filter, shared=shared, state=state)
    except slap.ResourceNotReady:
        return {}
    found = {"connection": texts(known(slap, got.getConnectionParameterDict))}
    found["state"] = known(slap, got.getState) or ""
    if not shared:
        found["guid"] = known(slap, got.getInstanceGuid) or ""
    return found


def known(slap, get):
    """Return what an instance tells that is there already, or None."""
    try:
        return get()
    except (slap.ResourceNotReady, slap.NotFoundError, AttributeError):
        return None


def call_report(slap, one, errors):
    for reference, text in sorted(errors.items()):
        if reference:
            one.error(text, slave_reference=reference)
        else:
            one.error(text)
