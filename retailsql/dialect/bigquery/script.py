"""BigQuery's procedural language, read: DECLARE, SET, IF, loops, EXECUTE IMMEDIATE, procedures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from retailsql.dialect.bigquery.lexing import equal, read_tokens
from retailsql.dialect.bigquery.steps import (
    Assign,
    Block,
    CallProcedure,
    Check,
    Declare,
    Execute,
    If,
    Jump,
    Loop,
    Plain,
    Procedure,
    Step,
    Tokens,
    last_part,
)
from retailsql.dialect.tokens import Walk

_JUMPS = {"LEAVE": "BREAK", "BREAK": "BREAK", "CONTINUE": "CONTINUE", "ITERATE": "CONTINUE"}


def read_script(text: str) -> list[Step]:
    """The steps of a script.

    Raises:
        StatementError: it cannot be read; names line and column.

    >>> [type(s).__name__ for s in read_script("DECLARE x INT64; SET x = 1; SELECT x")]
    ['Declare', 'Assign', 'Plain']
    """
    tokens = read_tokens(text)
    return _Reader(text, tokens).steps(())


@dataclass
class _Reader:
    text: str
    tokens: Tokens
    walk: Walk = field(init=False)

    def __post_init__(self) -> None:
        self.walk = Walk(self.text, self.tokens)

    def steps(self, ends: tuple[str, ...]) -> list[Step]:
        """Steps up to a word that ends the block, which is not taken."""
        found: list[Step] = []
        walk = self.walk
        while not walk.done:
            if walk.take(";"):
                continue
            if walk.peek() in ends:
                return found
            start = walk.at
            found.append(self._step(start))
            if not walk.done and walk.peek() != ";" and walk.peek() not in ends:
                raise walk.error("Did not expect more here", wanted=";")
        if ends:
            raise walk.error(f"The block is not closed by {ends[0]}", wanted=ends[0])
        return found

    def _step(self, start: int) -> Step:
        walk = self.walk
        word, second = walk.peek(), walk.peek(1)
        if second == ":" and walk.peek(2) in ("LOOP", "WHILE", "BEGIN", "REPEAT", "FOR"):
            return self._labelled(start)
        if word == "CASE" and second:
            return self._case(start)
        if word == "BEGIN" and second not in ("TRANSACTION", ";", ""):
            return self._block(start)
        if (word == "IF" and second != "(") or (word == "IF" and self._is_statement()):
            return self._if(start)
        readers = {
            "DECLARE": self._declare, "SET": self._set, "WHILE": self._while, "LOOP": self._loop,
            "REPEAT": self._repeat, "FOR": self._for, "EXECUTE": self._execute, "CALL": self._call,
            "ASSERT": self._assert, "RAISE": self._raise,
        }  # fmt: skip
        if word in readers:
            return readers[word](start)
        if word in _JUMPS or (word == "RETURN" and second in (";", "")):
            walk.at += 1
            label = walk.name().lower() if word in _JUMPS and walk.peek() not in (";", "") else ""
            return Jump(self._since(start), _JUMPS.get(word, "RETURN"), label)
        for head in (("CREATE", "PROCEDURE"), ("CREATE", "OR", "REPLACE", "PROCEDURE")):
            if walk.take(*head):
                return self._procedure(start)
        if word in ("BEGIN", "COMMIT", "ROLLBACK"):
            walk.at += 1
            walk.take("TRANSACTION")
            return Plain(self._since(start)[:1])
        self._until(";")
        return Plain(self._since(start))

    def _is_statement(self) -> bool:
        """True if THEN follows the condition of an ``IF (``: no function is called so."""
        probe = Walk(self.text, self.tokens)
        probe.at = self.walk.at + 1
        while not probe.done and probe.peek() != ";":
            if probe.peek() == "THEN":
                return True
            probe.at += 1
        return False

    def _since(self, start: int) -> Tokens:
        return self.tokens[start : self.walk.at]

    def _until(self, *words: str) -> Tokens:
        """Tokens up to one of these words outside brackets and CASE; or to the end or ``;``."""
        walk, start, depth, cases = self.walk, self.walk.at, 0, 0
        while not walk.done:
            word = walk.peek()
            if word == ";" or (depth == 0 and cases == 0 and word in words):
                break
            depth += (word in ("(", "[")) - (word in (")", "]"))
            cases += word == "CASE"
            cases -= word == "END" and cases > 0
            walk.at += 1
        return self.tokens[start : walk.at]

    def _some(self, what: str, *words: str) -> Tokens:
        found = self._until(*words)
        if not found:
            raise self.walk.error(f"{what} is missing")
        return found

    def _names(self) -> list[str]:
        names = [self.walk.name()]
        while self.walk.take(","):
            names.append(self.walk.name())
        return [n.strip("`").lower() for n in names]

    def _declare(self, start: int) -> Step:
        self.walk.expect("DECLARE")
        names = self._names()
        kind = self._until("DEFAULT")
        default = self._some("A value", ";") if self.walk.take("DEFAULT") else []
        if not kind and not default:
            raise self.walk.error("A type is missing", wanted="such as INT64")
        return Declare(self._since(start), names, kind, default)

    def _set(self, start: int) -> Step:
        walk = self.walk
        walk.expect("SET")
        if walk.peek() == "@":
            raise walk.error("System variables are not translated")
        several = walk.take("(")
        names = self._names()
        if several:
            walk.expect(")")
        walk.expect("=")
        return Assign(self._since(start), names, self._some("A value", ";"))

    def _if(self, start: int) -> Step:
        walk = self.walk
        branches: list[tuple[Tokens, list[Step]]] = []
        walk.expect("IF")
        while True:
            condition = self._some("A condition", "THEN")
            walk.expect("THEN")
            branches.append((condition, self.steps(("END", "ELSE", "ELSEIF"))))
            if not walk.take("ELSEIF"):
                break
        if walk.take("ELSE"):
            branches.append(([], self.steps(("END",))))
        walk.expect("END", "IF")
        return If(self._since(start), branches)

    def _while(self, start: int) -> Step:
        self.walk.expect("WHILE")
        condition = self._some("A condition", "DO")
        self.walk.expect("DO")
        body = self.steps(("END",))
        self.walk.expect("END", "WHILE")
        return Loop(self._since(start), "WHILE", condition, body)

    def _loop(self, start: int) -> Step:
        self.walk.expect("LOOP")
        body = self.steps(("END",))
        self.walk.expect("END", "LOOP")
        return Loop(self._since(start), "LOOP", [], body)

    def _repeat(self, start: int) -> Step:
        self.walk.expect("REPEAT")
        body = self.steps(("UNTIL",))
        self.walk.expect("UNTIL")
        condition = self._some("A condition", "END")
        self.walk.expect("END", "REPEAT")
        return Loop(self._since(start), "REPEAT", condition, body)

    def _for(self, start: int) -> Step:
        """``FOR row IN (query) DO ... END FOR``."""
        walk = self.walk
        walk.expect("FOR")
        name = walk.name().strip("`").lower()
        walk.expect("IN")
        begin, stop = walk.group()
        walk.expect("DO")
        body = self.steps(("END",))
        walk.expect("END", "FOR")
        return Loop(self._since(start), "FOR", self.tokens[begin:stop], body, name)

    def _labelled(self, start: int) -> Step:
        """``label: LOOP ... END LOOP label``."""
        walk = self.walk
        label = walk.name().lower()
        walk.expect(":")
        step = self._step(walk.at)
        if walk.peek().lower() == label:
            walk.at += 1
        if not isinstance(step, Loop | Block):
            raise walk.error("A label stands before a loop or BEGIN", seen=label)
        return replace(step, tokens=self._since(start), label=label)

    def _case(self, start: int) -> Step:
        """``CASE [x] WHEN a THEN ... ELSE ... END CASE``: IF, with ``(x) = (a)`` for a value."""
        walk = self.walk
        walk.expect("CASE")
        of = [] if walk.peek() == "WHEN" else self._some("A value", "WHEN")
        branches: list[tuple[Tokens, list[Step]]] = []
        while walk.take("WHEN"):
            condition = self._some("A condition", "THEN")
            walk.expect("THEN")
            condition = equal(of, condition) if of else condition
            branches.append((condition, self.steps(("WHEN", "ELSE", "END"))))
        if walk.take("ELSE"):
            branches.append(([], self.steps(("END",))))
        walk.expect("END", "CASE")
        return If(self._since(start), branches)

    def _assert(self, start: int) -> Step:
        self.walk.expect("ASSERT")
        condition = self._some("A condition", "AS")
        words = self._some("A text", ";") if self.walk.take("AS") else []
        return Check(self._since(start), condition, words)

    def _raise(self, start: int) -> Step:
        walk = self.walk
        walk.expect("RAISE")
        words: Tokens = []
        if walk.take("USING", "MESSAGE"):
            walk.expect("=")
            words = self._some("A text", ";")
        return Check(self._since(start), [], words)

    def _block(self, start: int) -> Step:
        walk = self.walk
        walk.expect("BEGIN")
        body, handler = self.steps(("END", "EXCEPTION")), None
        if walk.take("EXCEPTION"):
            walk.expect("WHEN", "ERROR", "THEN")
            handler = self.steps(("END",))
        walk.expect("END")
        return Block(self._since(start), body, handler)

    def _execute(self, start: int) -> Step:
        walk = self.walk
        walk.expect("EXECUTE", "IMMEDIATE")
        text = self._some("A text", "INTO", "USING")
        into = self._names() if walk.take("INTO") else []
        using: list[tuple[str, Tokens]] = []
        if walk.take("USING"):
            while True:
                value = self._some("A value", ",", "AS")
                using.append((walk.name().lower() if walk.take("AS") else "", value))
                if not walk.take(","):
                    break
        return Execute(self._since(start), text, into, using)

    def _procedure(self, start: int) -> Step:
        walk = self.walk
        walk.take("IF", "NOT", "EXISTS")
        name = walk.name()
        inside = walk.sub(*walk.group())
        parameters = []
        for begin, stop in inside.split(0, len(inside.tokens)):
            part = inside.sub(begin, stop)
            mode = part.peek() if part.peek() in ("IN", "OUT", "INOUT") else "IN"
            part.take(mode)
            parameters.append((mode, part.name().strip("`").lower(), part.tokens[part.at :]))
        if walk.take("OPTIONS"):
            walk.group()
        block = self._block(walk.at)
        body = block.body if isinstance(block, Block) and block.handler is None else [block]
        return Procedure(self._since(start), last_part(name), parameters, body)

    def _call(self, start: int) -> Step:
        walk = self.walk
        walk.expect("CALL")
        name = walk.name()
        begin, stop = walk.group()
        arguments = [self.tokens[a:b] for a, b in walk.split(begin, stop)]
        return CallProcedure(self._since(start), last_part(name), arguments)
