"""zc.buildout.configparser as recipes import it, for files without conditions."""
import configparser

Error = configparser.Error
ParsingError = configparser.ParsingError
MissingSectionHeaderError = configparser.MissingSectionHeaderError


def parse(fp, fpname, exp_globals=dict):
    """Return the sections of a file as dictionaries."""
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#", ";"), strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(fp.read(), fpname)
    return {name: dict(parser.items(name)) for name in parser.sections()}
