"""Every feature of `gobuild lsp`, asked by pytest-lsp's client.

run.sh runs it. The program is the one that GOBUILD names.
"""

import asyncio
import os
import pathlib
import subprocess

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, default_converter, register_lsp_features

# What the client finds to be against the specification is a failure.
pytestmark = pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning")

GOBUILD = os.environ["GOBUILD"]
SUM = "9855b6d802d7fe5b7bd5b196a2271655"

FILES = {
    "component/zlib.cfg": f"""[buildout]
parts = zlib

[template]
recipe = slapos.recipe.cmmi
url = https://example.invalid/${{:name}}-${{:version}}.tar.gz
md5sum = {SUM}
version = 1.0

[zlib]
<= template
name = zlib
version = 1.3.1
""",
    "software.cfg": f"""[buildout]
extends = component/zlib.cfg
parts += app

[app]
recipe = slapos.recipe.cmmi
url = https://example.invalid/app.tar.gz
md5sum = {SUM}
configure-options =
  --with-zlib=${{zlib:location}}
  --version=${{zlib:version}}
environment =
  NAME=${{:url}}

[zlib]
version = 1.3.2
""",
}


class Editor:
    """The client with the files that it edits."""

    def __init__(self, client, folder):
        self.client, self.folder, self.texts, self.versions = client, folder, {}, {}

    def uri(self, name):
        return (self.folder / name).as_uri()

    def document(self, name):
        return types.TextDocumentIdentifier(uri=self.uri(name))

    async def open(self, name, text=None):
        """Opens a file and returns its diagnostics."""
        if text is None:
            text = (self.folder / name).read_text()
        self.texts[name], self.versions[name] = text, 1
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=types.TextDocumentItem(
            uri=self.uri(name), language_id="buildout", version=1, text=text)))
        return await self.diagnostics(name)

    async def diagnostics(self, name):
        """Waits for the next diagnostics of the newest version of a file."""
        try:
            return await asyncio.wait_for(self.next(name), 10)
        except asyncio.TimeoutError:
            raise AssertionError(f"no diagnostics of {name}") from None

    async def next(self, name):
        while True:
            p = await self.client.published.get()
            if p.uri == self.uri(name) and p.version == self.versions.get(name):
                return list(p.diagnostics)

    def change(self, name, *changes):
        """Replaces (start, end, text) one after the other; without start, all."""
        self.versions[name] += 1
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(
            text_document=types.VersionedTextDocumentIdentifier(uri=self.uri(name), version=self.versions[name]),
            content_changes=[
                types.TextDocumentContentChangeWholeDocument(text=text) if start is None else
                types.TextDocumentContentChangePartial(range=types.Range(start=start, end=end), text=text)
                for start, end, text in changes]))

    def at(self, name, needle):
        """The place of the sign § in needle."""
        before, _, after = needle.partition("§")
        i = self.texts[name].index(before + after) + len(before)
        lines = self.texts[name][:i].split("\n")
        return types.Position(line=len(lines) - 1, character=len(lines[-1].encode("utf-16-le")) // 2)

    def where(self, name, needle):
        return {"text_document": self.document(name), "position": self.at(name, needle)}

    def place(self, location):
        start = location.range.start
        path = pathlib.Path(location.uri.removeprefix("file://")).relative_to(self.folder)
        return f"{path}:{start.line + 1}:{start.character + 1}"

    def edited(self, edit):
        """The texts after a workspace edit."""
        texts = {}
        for change in edit.document_changes or []:
            texts[change.text_document.uri] = change.edits
        for uri, edits in (edit.changes or {}).items():
            texts[uri] = edits
        return {str(pathlib.Path(uri.removeprefix("file://")).relative_to(self.folder)): self.applied(uri, edits)
                for uri, edits in texts.items()}

    def applied(self, uri, edits):
        name = str(pathlib.Path(uri.removeprefix("file://")).relative_to(self.folder))
        text = self.texts.get(name) or (self.folder / name).read_text()
        lines = text.split("\n")

        def offset(p):
            return sum(len(l) + 1 for l in lines[:p.line]) + p.character

        for e in sorted(edits, key=lambda e: -offset(e.range.start)):
            text = text[:offset(e.range.start)] + e.new_text + text[offset(e.range.end):]
        return text


def write(folder):
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def make_client():
    """A client that keeps all diagnostics, and lets the server register."""
    client = LanguageClient(converter_factory=default_converter)
    client.published, client.registered = asyncio.Queue(), []
    register_lsp_features(client, DEFAULT_CLIENT_FEATURES | {
        types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: lambda params: client.published.put_nowait(params),
        types.CLIENT_REGISTER_CAPABILITY: lambda params: client.registered.extend(params.registrations),
    })
    return client


def capabilities():
    """Those of an editor in wide use, with versions of diagnostics."""
    c = client_capabilities("visual-studio-code")
    c.text_document.publish_diagnostics.version_support = True
    return c


SERVER = ClientServerConfig(server_command=[GOBUILD, "lsp"], client_factory=make_client)


@pytest_lsp.fixture(config=SERVER)
async def client(lsp_client: LanguageClient, tmp_path):
    write(tmp_path)
    lsp_client.folder = tmp_path
    lsp_client.answer = await lsp_client.initialize_session(types.InitializeParams(
        capabilities=capabilities(),
        workspace_folders=[types.WorkspaceFolder(uri=tmp_path.as_uri(), name="test")],
        initialization_options={"gobuild": {"profiles": ["software.cfg"], "delay": 10}}))
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client):
    return Editor(client, client.folder)


def brief(diagnostics):
    return [(d.range.start.line + 1, d.range.start.character + 1, d.range.end.character + 1, int(d.severity), d.code) for d in diagnostics]


async def test_capabilities(client):
    c = client.answer.capabilities
    assert client.answer.server_info.name == "gobuild"
    assert c.position_encoding == "utf-16"
    assert c.text_document_sync.change == types.TextDocumentSyncKind.Incremental
    assert c.rename_provider.prepare_provider
    assert c.document_formatting_provider


async def test_good_profile(editor):
    assert await editor.open("software.cfg") == []
    assert [r.method for r in editor.client.registered] == ["workspace/didChangeWatchedFiles"]
    assert await editor.open("component/zlib.cfg") == []


async def test_diagnostics(editor):
    text = FILES["software.cfg"] + "x = ${zlb:y}\ny = ${app:ulr}\n[:]\n"
    got = await editor.open("software.cfg", text)
    assert brief(got) == [(17, 7, 10, 1, "unknown-section"), (18, 11, 14, 1, "unknown-option"), (19, 1, 4, 1, "syntax")]
    assert got[0].message.endswith('did you mean "zlib"?')
    assert got[0].source == "gobuild"
    assert [editor.place(r.location) for r in got[1].related_information] == ["software.cfg:5:2"]


async def test_condition(editor):
    got = await editor.open("software.cfg", FILES["software.cfg"] + "[x:1 +]\n")
    assert [d.code for d in got] == ["bad-condition"]


async def test_lint_and_its_fix(editor):
    text = FILES["software.cfg"] + "version = 1.3.2\n"
    got = await editor.open("software.cfg", text)
    assert brief(got) == [(16, 1, 8, 2, "shadowed-option")]
    actions = await editor.client.text_document_code_action_async(types.CodeActionParams(
        text_document=editor.document("software.cfg"), range=got[0].range, context=types.CodeActionContext(diagnostics=got)))
    assert [a.kind for a in actions] == ["quickfix", "source.fixAll"]
    for a in actions:
        assert editor.edited(a.edit) == {"software.cfg": FILES["software.cfg"]}


async def test_suggestion_as_action(editor):
    got = await editor.open("software.cfg", FILES["software.cfg"] + "x = ${zlb:version}\n")
    actions = await editor.client.text_document_code_action_async(types.CodeActionParams(
        text_document=editor.document("software.cfg"), range=got[0].range, context=types.CodeActionContext(diagnostics=got)))
    assert editor.edited(actions[0].edit) == {"software.cfg": FILES["software.cfg"] + "x = ${zlib:version}\n"}


async def test_incremental_changes(editor):
    await editor.open("software.cfg", "[buildout]\nparts =\nx = 😀${a:b}😀\n")
    p = types.Position
    editor.change("software.cfg",
                  (p(line=2, character=13), p(line=2, character=14), ""),  # half of the second pair: the position is its begin
                  (p(line=2, character=4), p(line=2, character=6), ""),  # the first pair
                  (p(line=2, character=6), p(line=2, character=7), "bb"))
    got = await editor.diagnostics("software.cfg")
    assert brief(d for d in got if d.severity == 1) == [(3, 7, 9, 1, "unknown-section")]
    editor.change("software.cfg", (None, None, "[buildout]\r\nparts =\r\n"))
    assert await editor.diagnostics("software.cfg") == []


async def test_unsaved_text_counts(editor):
    await editor.open("software.cfg")
    await editor.open("component/zlib.cfg")
    editor.change("component/zlib.cfg", (None, None, "[buildout]\nparts =\n"))
    assert "unknown-option" in [d.code for d in await editor.diagnostics("software.cfg")]
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(text_document=editor.document("component/zlib.cfg")))
    assert await editor.diagnostics("software.cfg") == []


async def test_saved_file_counts(editor):
    await editor.open("software.cfg")
    (editor.folder / "component/zlib.cfg").write_text("[buildout]\nparts =\n")
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes=[types.FileEvent(
        uri=editor.uri("component/zlib.cfg"), type=types.FileChangeType.Changed)]))
    assert "unknown-option" in [d.code for d in await editor.diagnostics("software.cfg")]


@pytest.mark.parametrize("needle, want", [
    ("${zl§ib:location}", "component/zlib.cfg:10:2"),
    ("${zlib:vers§ion}", "software.cfg:16:1"),
    ("${zlib:loc§ation}", "component/zlib.cfg:5:1"),
    ("${:u§rl}", "software.cfg:7:1"),
    ("component/§zlib.cfg", "component/zlib.cfg:1:1"),
    ("parts += a§pp", "software.cfg:5:2"),
])
async def test_definition(editor, needle, want):
    await editor.open("software.cfg")
    got = await editor.client.text_document_definition_async(types.DefinitionParams(**editor.where("software.cfg", needle)))
    assert [editor.place(l) for l in got] == [want]


async def test_definition_of_macro(editor):
    await editor.open("component/zlib.cfg")
    got = await editor.client.text_document_definition_async(types.DefinitionParams(**editor.where("component/zlib.cfg", "<= temp§late")))
    assert [editor.place(l) for l in got] == ["component/zlib.cfg:4:2"]


async def test_references(editor):
    await editor.open("component/zlib.cfg")
    got = await editor.client.text_document_references_async(types.ReferenceParams(
        **editor.where("component/zlib.cfg", "[zl§ib]"), context=types.ReferenceContext(include_declaration=False)))
    assert [editor.place(l) for l in got] == ["component/zlib.cfg:2:9", "software.cfg:10:17", "software.cfg:11:15"]


async def test_highlight_and_links(editor):
    await editor.open("software.cfg")
    got = await editor.client.text_document_document_highlight_async(types.DocumentHighlightParams(**editor.where("software.cfg", "[zl§ib]")))
    assert [h.range.start.line + 1 for h in got] == [15, 10, 11]
    links = await editor.client.text_document_document_link_async(types.DocumentLinkParams(text_document=editor.document("software.cfg")))
    assert [l.target for l in links] == [editor.uri("component/zlib.cfg")]


async def test_hover(editor):
    await editor.open("software.cfg")

    async def hover(needle):
        got = await editor.client.text_document_hover_async(types.HoverParams(**editor.where("software.cfg", needle)))
        assert got.contents.kind == types.MarkupKind.Markdown
        return got.contents.value

    text = await hover("${zlib:ver§sion}")
    assert "1.3.2" in text
    assert [line.split("]")[0] for line in text.splitlines() if line.startswith("- ")] == [
        "- set [component/zlib.cfg:8", "- override [component/zlib.cfg:13", "- override [software.cfg:16"]
    assert f"{editor.folder}/parts/zlib" in await hover("${zlib:loc§ation}")
    assert f"--with-zlib={editor.folder}/parts/zlib" in await hover("configure-§options")
    assert "Options of configure-command" in await hover("configure-§options")
    assert "slapos.recipe.cmmi" in await hover("recipe = slapos.§")
    assert "component/zlib.cfg:10" in await hover("[zl§ib]")


@pytest.mark.parametrize("text, has, has_no", [
    ("x = ${z§", {"zlib", "app", "template", "buildout"}, {"version"}),
    ("x = ${zlib:§", {"version", "name", "url", "location"}, {"configure-options"}),
    ("<= te§", {"template", "zlib"}, set()),
    ("conf§", {"configure-options", "patches", "environment"}, {"location", "md5sum "}),
    ("[q]\nrecipe = s§", {"slapos.recipe.cmmi", "slapos.recipe.build:download"}, {"zlib"}),
    ("[buildout]\nparts = §", {"zlib", "app"}, set()),
    ("[buildout]\nextends = component/§", {"zlib.cfg"}, {"software.cfg"}),
    ("[buildout]\nextends = §", {"component/"}, {"software.cfg"}),
])
async def test_completion(editor, text, has, has_no):
    text = "[buildout]\nextends = component/zlib.cfg\nparts = app\n[app]\nrecipe = slapos.recipe.cmmi\n" + text
    await editor.open("software.cfg", text.replace("§", ""))
    got = await editor.client.text_document_completion_async(types.CompletionParams(**editor.where("software.cfg", text)))
    labels = {i.label for i in got.items}
    assert has <= labels and not has_no & labels


async def test_rename_section(editor):
    await editor.open("software.cfg")
    where = editor.where("software.cfg", "[zl§ib]")
    got = await editor.client.text_document_prepare_rename_async(types.PrepareRenameParams(**where))
    assert got.placeholder == "zlib"
    edit = await editor.client.text_document_rename_async(types.RenameParams(**where, new_name="z"))
    assert editor.edited(edit) == {
        "software.cfg": FILES["software.cfg"].replace("[zlib]", "[z]").replace("${zlib:", "${z:"),
        "component/zlib.cfg": FILES["component/zlib.cfg"].replace("[zlib]", "[z]").replace("parts = zlib", "parts = z")}


@pytest.mark.parametrize("name", ["app", "a b", "", "a}", "buildout"])
async def test_rename_refused(editor, name):
    await editor.open("software.cfg")
    with pytest.raises(Exception, match="exists already|not a legal name"):
        await editor.client.text_document_rename_async(types.RenameParams(**editor.where("software.cfg", "[zl§ib]"), new_name=name))


async def test_rename_option(editor):
    await editor.open("component/zlib.cfg")
    edit = await editor.client.text_document_rename_async(types.RenameParams(
        **editor.where("component/zlib.cfg", "na§me = zlib"), new_name="title"))
    assert editor.edited(edit) == {
        "component/zlib.cfg": FILES["component/zlib.cfg"].replace("${:name}", "${:title}").replace("name = ", "title = ")}


async def test_formatting(editor):
    await editor.open("software.cfg", "[buildout]\nparts=\n[a]\nx  =  1\n")
    edits = await editor.client.text_document_formatting_async(types.DocumentFormattingParams(
        text_document=editor.document("software.cfg"), options=types.FormattingOptions(tab_size=2, insert_spaces=True)))
    assert editor.applied(editor.uri("software.cfg"), edits) == "[buildout]\nparts =\n\n[a]\nx = 1\n"


async def test_symbols_and_folding(editor):
    await editor.open("software.cfg")
    got = await editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(text_document=editor.document("software.cfg")))
    assert [(s.name, s.detail, [o.name for o in s.children]) for s in got] == [
        ("buildout", None, ["extends", "parts"]),
        ("app", "slapos.recipe.cmmi", ["recipe", "url", "md5sum", "configure-options", "environment"]),
        ("zlib", None, ["version"])]
    got = await editor.client.workspace_symbol_async(types.WorkspaceSymbolParams(query="zlib"))
    assert sorted(editor.place(s.location) for s in got) == ["component/zlib.cfg:10:2", "software.cfg:15:2"]
    got = await editor.client.text_document_folding_range_async(types.FoldingRangeParams(text_document=editor.document("software.cfg")))
    assert [(f.start_line + 1, f.end_line + 1) for f in got] == [(1, 3), (5, 13), (9, 11), (12, 13), (15, 16)]


async def test_unknown_method_is_an_error_and_no_end(editor):
    with pytest.raises(Exception, match="no method"):
        await editor.client.protocol.send_request_async("gobuild/none", {})
    assert await editor.open("software.cfg") == []


async def test_settings_change(editor):
    text = FILES["software.cfg"] + "version = 1.3.2\n"
    assert [d.code for d in await editor.open("software.cfg", text)] == ["shadowed-option"]
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings={"gobuild": {"lint": False}}))
    assert await editor.diagnostics("software.cfg") == []


@pytest_lsp.fixture(config=SERVER)
async def bytes_client(lsp_client: LanguageClient, tmp_path):
    write(tmp_path)
    lsp_client.folder = tmp_path
    able = capabilities()
    able.general.position_encodings = [types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf16]
    lsp_client.answer = await lsp_client.initialize_session(types.InitializeParams(capabilities=able, root_uri=tmp_path.as_uri()))
    yield
    await lsp_client.shutdown_session()


async def test_positions_in_bytes(bytes_client):
    assert bytes_client.answer.capabilities.position_encoding == "utf-8"
    got = await Editor(bytes_client, bytes_client.folder).open("software.cfg", "[buildout]\nparts =\nx = 😀ä${a:b}\n")
    assert brief(d for d in got if d.severity == 1) == [(3, 13, 14, 1, "unknown-section")]


def converse(*messages):
    """Runs the server on messages and returns its exit status and output."""
    frames = b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(m.encode()), m.encode()) for m in messages)
    done = subprocess.run([GOBUILD, "lsp"], input=frames, capture_output=True, timeout=20)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


INITIALIZE = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'


def test_exit_status():
    shutdown, leave = '{"jsonrpc":"2.0","id":2,"method":"shutdown"}', '{"jsonrpc":"2.0","method":"exit"}'
    status, out, err = converse(INITIALIZE, shutdown, leave)
    assert (status, err) == (0, "") and '{"jsonrpc":"2.0","id":2,"result":null}' in out
    assert converse(INITIALIZE, leave)[0] == 1
    assert converse(INITIALIZE)[0] == 1


def test_cancelled_request_is_answered():
    status, out, _ = converse(INITIALIZE, '{"jsonrpc":"2.0","id":"a","method":"workspace/symbol","params":{"query":""}}',
                              '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"a"}}',
                              '{"jsonrpc":"2.0","id":2,"method":"shutdown"}', '{"jsonrpc":"2.0","method":"exit"}')
    assert status == 0 and out.count('"id":"a"') == 1
