"""The text form of FBX: `Name: value, value { blocks }`, in the blocks that the binary form has."""

from __future__ import annotations

import re

from motion2language.formats.fbx_document import MOST_BLOCKS, MOST_SCALARS, Array, Block, is_needed, type_of_value
from motion2language.formats.limits import MOST_NESTING

_LARGEST = 2**28  # bytes; chosen: text takes several times its size while it is read
# A comment, a quoted text, the name of a block, a mark, or a bare word: each text has one way to be cut into these.
_TOKEN = re.compile(r';[^\n]*|"([^"]*)"|([A-Za-z_]\w*)[ \t]*:|([{},])|([^\s,{}";:]+)|[:"]')
_BRACE = re.compile(r';[^\n]*|"[^"]*"|([{}])')  # what matters in a block that is stepped over
_EXPECTED = "not an FBX file: expected the binary form, or text with blocks such as `FBXHeaderExtension:  {`"


def parse_text(content: bytes) -> tuple[Block, int]:
    """The document as one block, and its version; ValueError explains what is wrong with it."""
    if len(content) > _LARGEST:
        raise ValueError(f"text of {len(content) / 2**20:.0f} MiB, expected at most {_LARGEST / 2**20:.0f}; "
                         "export it as binary FBX")  # fmt: skip
    text = content.decode("utf-8-sig", "replace")
    if not re.match(r"(?:\s*;[^\n]*\n)*\s*[A-Za-z_]\w*[ \t]*:", text[:100_000]):
        raise ValueError(_EXPECTED)
    top = _Text(text).parse()
    header = top.find("FBXHeaderExtension")
    if header is None:
        raise ValueError(_EXPECTED)
    version = header.find("FBXVersion")
    return top, int(version.number(0, 7000)) if version is not None else 7000


class _Text:
    """A pass over the words of a document."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.top = Block("", [])
        self.open_blocks = [self.top]
        self.current: Block | None = None  # the block whose values come
        self.steps_over = False  # the block whose name came is not needed
        self.blocks = self.scalars = 0

    def parse(self) -> Block:
        at = skipped = 0  # braces open in a block that is stepped over
        while (token := (_BRACE if skipped else _TOKEN).search(self.text, at)) is not None:
            at = token.end()
            if skipped:
                skipped += (token[1] == "{") - (token[1] == "}")
                continue
            quoted, name, mark, word = token.groups()
            if name is not None:
                at = self._begin(name, at)
            elif mark == "{" and self.steps_over:
                skipped, self.steps_over = 1, False
            elif mark == "{":
                self._open()
            elif mark == "}":
                self._close()
            elif self.current is not None and (quoted is not None or word is not None):
                self.scalars += 1
                if self.scalars > MOST_SCALARS:
                    raise ValueError(f"more than {MOST_SCALARS:,} values; export it as binary FBX")
                self.current.values.append(quoted if quoted is not None else _value(word))
        if len(self.open_blocks) > 1 or skipped:
            raise ValueError("the file is cut off: its braces do not close")
        return self.top

    def _begin(self, name: str, at: int) -> int:
        """A block of a name; the numbers of one called `a` stay text. The place where reading goes on."""
        parent = self.open_blocks[-1]
        self.current = None
        self.steps_over = not is_needed(len(self.open_blocks) - 1, name, parent.name)
        if self.steps_over:
            return at
        self.blocks += 1
        if self.blocks > MOST_BLOCKS:
            raise ValueError(f"more than {MOST_BLOCKS:,} blocks; export the skeleton and its animation alone")
        self.current = Block(name, [])
        parent.blocks.append(self.current)
        if name != "a":
            return at
        end = self.text.find("}", at)
        end = len(self.text) if end < 0 else end
        self.current.values.append(Array("f8", 0, self.text[at:end]))
        self.current = None
        return end

    def _open(self) -> None:
        if self.current is None:
            raise ValueError("an opening brace without a name before it; is the file damaged?")
        if len(self.open_blocks) > MOST_NESTING:
            raise ValueError(f"blocks are nested more than {MOST_NESTING} deep; is the file damaged?")
        self.open_blocks.append(self.current)
        self.current = None

    def _close(self) -> None:
        if len(self.open_blocks) == 1:
            raise ValueError("closes more braces than it opens; is the file damaged?")
        self.open_blocks.pop()
        self.current, self.steps_over = None, False


def _value(word: str) -> type_of_value:
    """A number, or the word itself (`Y`, `*12`)."""
    try:
        return int(word) if len(word) < 20 else float(word)
    except ValueError:
        try:
            return float(word)
        except ValueError:
            return word
