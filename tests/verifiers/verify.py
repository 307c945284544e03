#!/usr/bin/env python3
"""Verifies receipts with Python's standard library and nothing else.

    python3 verify.py --policy FILE [--json] RECEIPT…

Written from the text of app/evidence/doc.go, without a line of the program that
makes the receipts: where the two disagree, the text decides. Exit codes: 0 every
receipt verifies, 1 some does not, 2 wrong command line, policy or file.
"""

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys
import unicodedata

MAX_RECEIPT = 1 << 20
MAX_RECORD = 1 << 16
MAX_CHECKPOINT = 1 << 14
MAX_POLICY = 1 << 16
MAX_INTEGER = (1 << 53) - 1
NO_TIME = -62135596800000  # the beginning of the year 1
MAX_FIELD = 512
MAX_DEPTH = 32
MAX_PATH = 63
MAX_SIGNATURES = 100
HASH_SIZE = 32

FIRST = b"kokoroe-receipt@v1\n"
PROOF = "c2sp.org/tlog-proof@v1"
LOG_KEY, WITNESS_KEY = 0x01, 0x04


class Refused(Exception):
    """Why a receipt does not verify: a code, the line where one is to blame."""

    def __init__(self, code, line=None, detail=""):
        super().__init__(detail)
        self.code, self.line, self.detail = code, line, detail


class PolicyError(Exception):
    """Why a policy cannot be used."""


# --- Ed25519 (RFC 8032, 5.1.7) ------------------------------------------------
# Without the cofactor, S below the group's order, and R compared as bytes: two
# verifiers that differ in these accept different signatures.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of -1


def decode_point(b):
    """The point in extended coordinates, or None when b encodes none."""
    sign, y = b[31] >> 7, int.from_bytes(b, "little") & (1 << 255) - 1
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * ROOT % P
    if v * x * x % P != u:
        return None
    if x & 1 != sign:
        x = -x % P
    return (x, y % P, 1, x * y % P)


def encode_point(p):
    x, y, z, _ = p
    i = pow(z, -1, P)
    return (y * i % P | (x * i % P & 1) << 255).to_bytes(32, "little")


def add_points(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * D * p[3] * q[3] % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply_point(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add_points(q, p)
        p, n = add_points(p, p), n >> 1
    return q


BASE = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519_verify(key, message, signature):
    a = decode_point(key)
    s = int.from_bytes(signature[32:], "little")
    if a is None or len(signature) != 64 or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    minus_a = (-a[0] % P, a[1], a[2], -a[3] % P)
    return encode_point(add_points(multiply_point(s, BASE), multiply_point(k, minus_a))) == signature[:32]


# --- Spellings ----------------------------------------------------------------

def parse_base64(text):
    """RFC 4648, section 4, in its only spelling; None otherwise."""
    try:
        b = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return b if base64.b64encode(b).decode() == text else None


def parse_hash(text):
    b = parse_base64(text)
    return b if b is not None and len(b) == HASH_SIZE else None


def parse_number(text):
    if not re.fullmatch(r"0|[1-9][0-9]{0,15}", text) or int(text) > MAX_INTEGER:
        return None
    return int(text)


# White space as Unicode's property White_Space has it: str.isspace also takes
# the separators U+001C to U+001F, which are control characters here.
SPACES = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


def is_key_name(name):
    return name != "" and "+" not in name and not SPACES.search(name)


# --- Record -------------------------------------------------------------------

RECORD_MEMBERS = {"v", "kind", "key", "actor", "subject", "object", "scope", "at", "language", "signin", "program", "body"}
SIGNIN_MEMBERS = {"provider", "issuer", "acr", "amr", "auth_at"}
KIND = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+/v[1-9][0-9]*")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def malformed(detail):
    return Refused("record_malformed", detail=detail)


def once(pairs):
    o = dict(pairs)
    if len(o) != len(pairs):
        raise malformed("a member stands twice")
    return o


def no_number(text):
    raise malformed(f"{text[:40]} is not an integer")


def small_integer(text):
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise malformed(f"{text[:40]} has more than 53 bits")
    return int(text)


def canonical(v):
    """RFC 8785, for what a record may hold."""
    if isinstance(v, dict):
        names = sorted(v, key=lambda n: n.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(n) + ":" + canonical(v[n]) for n in names) + "}"
    if isinstance(v, list):
        return "[" + ",".join(map(canonical, v)) + "]"
    return json.dumps(v, ensure_ascii=False)


def check_value(v, depth):
    if depth > MAX_DEPTH:
        raise malformed(f"it is nested deeper than {MAX_DEPTH}")
    if v is None:
        raise malformed("it holds a null")
    if isinstance(v, str) and ("\ufffd" in v or not unicodedata.is_normalized("NFC", v)):
        raise malformed("a string is not in Normalization Form C, or holds U+FFFD")
    for e in list(v) + list(v.values()) if isinstance(v, dict) else v if isinstance(v, list) else ():
        check_value(e, depth + 1)


def check_field(name, v):
    if not isinstance(v, str) or v == "" or len(v.encode()) > MAX_FIELD or re.search("[\0-\x1f\x7f]", v):
        raise malformed(f"{name} is no string of 1 to {MAX_FIELD} bytes without control characters")


def check_members(o, known, where):
    unknown = set(o) - known
    if unknown:
        raise malformed(f"{where} has a member {min(unknown)[:40]!r}")


def is_integer(v):
    return isinstance(v, int) and not isinstance(v, bool)


def is_time(v):
    return is_integer(v) and v != NO_TIME


def check_signin(o):
    if not isinstance(o, dict) or not o:
        raise malformed("signin is no object with members")
    check_members(o, SIGNIN_MEMBERS, "signin")
    for name in ("provider", "issuer", "acr"):
        if name in o:
            check_field(name, o[name])
    if "amr" in o:
        if not isinstance(o["amr"], list) or not o["amr"]:
            raise malformed("amr is no list of strings")
        for m in o["amr"]:
            check_field("amr", m)
    if "auth_at" in o and (not is_time(o["auth_at"]) or o["auth_at"] == 0):
        raise malformed("auth_at is no time")


def parse_record(text):
    """The record as a dict. text is str, at most MAX_RECORD bytes of UTF-8."""
    try:
        r = json.loads(text, object_pairs_hook=once, parse_int=small_integer, parse_float=no_number, parse_constant=no_number)
        same = canonical(r) == text
    except (ValueError, RecursionError) as e:
        raise malformed("it is not JSON, or nested too deep") from e
    if not same:
        raise malformed("it is not in the canonical form of RFC 8785")
    if not isinstance(r, dict):
        raise malformed("it is not an object")
    if not is_integer(r.get("v")) or r["v"] != 1:
        raise Refused("record_version_unknown")
    check_members(r, RECORD_MEMBERS, "it")
    for name in ("kind", "key", "actor"):
        check_field(name, r.get(name))
    for name in ("subject", "object", "scope", "language", "program"):
        if name in r:
            check_field(name, r[name])
    if not KIND.fullmatch(r["kind"]):
        raise malformed("kind is not dotted words and a version")
    if not is_time(r.get("at")):
        raise malformed("at is no time")
    if "signin" in r:
        check_signin(r["signin"])
    if not isinstance(r.get("body"), dict):
        raise malformed("body is no object")
    for v in r.values():
        check_value(v, 0)
    return r


# --- Receipt ------------------------------------------------------------------

class Lines:
    """Reads bytes line by line, each ended by U+000A and UTF-8."""

    def __init__(self, data):
        self.rest, self.number = data, 0

    def next(self):
        self.number += 1
        line, end, rest = self.rest.partition(b"\n")
        if not end:
            raise self.invalid("the line does not end with U+000A")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as e:
            raise self.invalid("the line is not UTF-8") from e
        self.rest = rest
        return text

    def after(self, prefix):
        line = self.next()
        if not line.startswith(prefix):
            raise self.invalid(f"{prefix.strip()!r} is wanted here")
        return line[len(prefix):]

    def exactly(self, wanted):
        if self.next() != wanted:
            raise self.invalid(f"{wanted!r} is wanted here")

    def quoted(self, name):
        """The bytes of the block, None when there is none."""
        if not self.rest.startswith(name.encode() + b"\n"):
            return None
        self.next()
        lines = []
        while self.rest.startswith(b"|"):
            lines.append(self.next()[1:])
        if not lines:
            self.number += 1
            raise self.invalid(f"a line of {name} is wanted here")
        return "\n".join(lines).encode()

    def invalid(self, detail):
        return Refused("line_invalid", self.number, detail)


def parse_receipt(data):
    if len(data) > MAX_RECEIPT:
        raise Refused("too_large")
    if not data.startswith(FIRST):
        raise Refused("not_receipt")
    lines, r = Lines(data), {}
    lines.next()
    r["record"] = lines.after("record ")
    if len(r["record"].encode()) > MAX_RECORD:
        raise lines.invalid(f"the record has more than {MAX_RECORD} bytes")
    r["salt"] = parse_hash(lines.after("salt "))
    if r["salt"] is None:
        raise lines.invalid("the salt is not the base64 of 32 bytes")
    r["text"], r["declaration"] = lines.quoted("text"), lines.quoted("declaration")
    lines.exactly("")
    lines.exactly(PROOF)
    r["index"] = parse_number(lines.after("index "))
    if r["index"] is None:
        raise lines.invalid("the index is not a number")
    r["path"] = []
    while (line := lines.next()) != "":
        r["path"].append(parse_hash(line))
        if r["path"][-1] is None or len(r["path"]) > MAX_PATH:
            raise lines.invalid("a hash in base64 is wanted here, at most 63 of them")
    r["checkpoint"] = parse_checkpoint(lines.rest, lines.number + 1)
    return r


def parse_checkpoint(data, line):
    """text, origin, size, root and signatures. line is that of its first line."""
    def invalid(detail):
        return Refused("line_invalid", line, "the checkpoint " + detail)

    if len(data) > MAX_CHECKPOINT:
        raise invalid("is too large")
    text, middle, tail = data.partition(b"\n\n")
    lines = text.split(b"\n")
    if not middle or len(lines) != 3 or not lines[0]:
        raise invalid("is not three lines and signatures")
    size, root = (parse(l.decode("latin-1")) for parse, l in ((parse_number, lines[1]), (parse_hash, lines[2])))
    if size is None or root is None:
        raise invalid("has a malformed size or root")
    if not tail.endswith(b"\n"):
        raise invalid("does not end with a signature line")
    signatures, seen = [], set()
    for l in tail[:-1].split(b"\n"):
        name, space, encoded = l.removeprefix("— ".encode()).partition(b" ")
        blob = parse_base64(encoded.decode("latin-1"))
        if not l.startswith("— ".encode()) or not space or blob is None or len(blob) < 5:
            raise invalid("has a malformed signature line")
        if (name, blob[:4]) in seen:
            raise invalid("has two signatures of one key")
        seen.add((name, blob[:4]))
        signatures.append((name, blob[:4], blob[4:]))
    return {"note": data, "text": text + b"\n", "origin": lines[0], "size": size, "root": root, "signatures": signatures}


# --- Tree and signatures ------------------------------------------------------

def leaf_hash(salt, record):
    leaf = hmac.new(salt, b"kokoroe/record/v1\n" + record, hashlib.sha256).digest()
    return hashlib.sha256(b"\0" + leaf).digest()


def root_from_path(index, size, h, path):
    """RFC 9162, section 2.1.3.2; None when the path does not fit index and size."""
    if index >= size:
        return None
    fn, sn = index, size - 1
    for p in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            h = hashlib.sha256(b"\1" + p + h).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            h = hashlib.sha256(b"\1" + h + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return h if sn == 0 else None


def check_log(c, policy):
    """Names of the log's known keys that signed."""
    def malformed_checkpoint(detail):
        return Refused("checkpoint_malformed", detail=detail)

    try:
        text = c["note"].decode("utf-8")
    except UnicodeDecodeError as e:
        raise malformed_checkpoint("it is not UTF-8") from e
    if re.search("[\0-\x09\x0b-\x1f]", text):
        raise malformed_checkpoint("it holds a control character")
    signers = []
    for n, (name, key_hash, blob) in enumerate(c["signatures"], 1):
        if not is_key_name(name.decode()) or n > MAX_SIGNATURES:
            raise malformed_checkpoint("a signature has no proper name, or there are too many")
        key = policy.logs.get((name.decode(), key_hash))
        if key and not (len(blob) == 64 and ed25519_verify(key["public"], c["text"], blob)):
            raise Refused("signature_wrong", detail=name.decode())
        if key:
            signers.append(name.decode())
    if c["origin"].decode() not in signers:
        raise Refused("signature_unknown")
    return signers


def check_witnesses(c, policy):
    """Names of the policy's witnesses that signed, in its order."""
    right = set()
    for name, key_hash, blob in c["signatures"]:
        key = policy.witnesses.get((name.decode(), key_hash))
        if not key:
            continue
        seconds = int.from_bytes(blob[:8], "big")
        message = b"cosignature/v1\ntime %d\n" % seconds + c["text"]
        if len(blob) != 72 or seconds >= 1 << 63 or not ed25519_verify(key["public"], message, blob[8:]):
            raise Refused("signature_wrong", detail=key["witness"])
        right.add(key["witness"])
    if not policy.satisfied(right):
        raise Refused("quorum_missing")
    return [k["witness"] for k in policy.witnesses.values() if k["witness"] in right]


# --- Policy -------------------------------------------------------------------

def parse_key(text, wanted):
    name, _, rest = text.partition("+")
    hash_hex, _, encoded = rest.partition("+")
    blob = parse_base64(encoded)
    if not is_key_name(name) or not re.fullmatch("[0-9a-f]{8}", hash_hex) or blob is None or len(blob) != 33:
        raise PolicyError("this is not a verifier key")
    if blob[0] != wanted:
        raise PolicyError(f"the key is of type {blob[0]}, not {wanted}")
    key_hash = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
    if key_hash != bytes.fromhex(hash_hex):
        raise PolicyError("the key's hash is not that of its name and bytes")
    return {"name": name, "hash": key_hash, "type": blob[0], "public": blob[1:]}


class Policy:
    """Keys by (name, hash) in the policy's order; groups by name; the quorum."""

    def __init__(self):
        self.logs, self.witnesses, self.groups, self.names, self.quorum = {}, {}, {}, set(), None

    def line(self, fields):
        if self.quorum is not None:
            raise PolicyError("the quorum is the last line")
        word, rest = fields[0], fields[1:]
        if word == "log" and len(rest) == 1:
            self.add_key(self.logs, parse_key(rest[0], LOG_KEY))
        elif word == "witness" and len(rest) == 2:
            self.add_name(rest[0])
            self.add_key(self.witnesses, {**parse_key(rest[1], WITNESS_KEY), "witness": rest[0]})
        elif word == "group" and len(rest) >= 3:
            self.add_group(*rest[:2], rest[2:])
        elif word == "quorum" and len(rest) == 1:
            if rest[0] != "none":
                self.member(rest[0])
            self.quorum = rest[0]
        else:
            raise PolicyError("this is neither log, witness, group nor quorum with what belongs to it")

    def add_key(self, keys, key):
        # The same bytes under two names would let one witness count as two.
        if any(k["public"] == key["public"] for k in keys.values()) or (key["name"], key["hash"]) in keys:
            raise PolicyError("the key stands twice")
        keys[key["name"], key["hash"]] = key

    def add_name(self, name):
        if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or name == "none":
            raise PolicyError("this is not a name")
        if name in self.names:
            raise PolicyError("the name stands twice")
        self.names.add(name)

    def add_group(self, name, k, members):
        for m in members:
            self.member(m)
        self.add_name(name)
        if len(set(members)) != len(members):
            raise PolicyError("a member stands twice")
        need = {"all": len(members), "any": 1}.get(k) or (int(k) if re.fullmatch("[1-9][0-9]{0,4}", k) else 0)
        if not 1 <= need <= len(members):
            raise PolicyError("that many members are not there")
        self.groups[name] = (need, members)

    def member(self, name):
        if name not in self.names:
            raise PolicyError(f"{name[:40]!r} is not defined above")

    def satisfied(self, right):
        right = {"none", *right}
        for name, (need, members) in self.groups.items():  # each stands behind its members
            if len(right.intersection(members)) >= need:
                right.add(name)
        return self.quorum in right


def parse_policy(data):
    if len(data) > MAX_POLICY:
        raise PolicyError("the policy has more than 65,536 bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise PolicyError("the policy is not UTF-8") from e
    p = Policy()
    lines = text.split("\n")
    for n, line in enumerate(lines, 1):
        if n == len(lines) and line != "":
            raise PolicyError(f"line {n}: it does not end with U+000A")
        if re.search("[\0-\x08\x0b-\x1f\x7f]", line):
            raise PolicyError(f"line {n}: it holds a control character")
        if line == "" or line.startswith("#"):
            continue
        try:
            p.line(re.split("[ \t]", line))
        except PolicyError as e:
            raise PolicyError(f"line {n}: {e}") from e
    if p.quorum is None:
        raise PolicyError(f"line {len(lines)}: there is no quorum line")
    if not p.logs:
        raise PolicyError(f"line {len(lines)}: there is no log line")
    return p


# --- The command --------------------------------------------------------------

def is_shown(text, digest):
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        return text is None
    return text is not None and digest == "sha256:" + hashlib.sha256(text).hexdigest()


def verify(data, policy):
    """What the receipt proves, as a dict. Raises Refused."""
    r = parse_receipt(data)
    record = parse_record(r["record"])
    for name in ("text", "declaration"):
        if not is_shown(r[name], record["body"].get(name)):
            raise Refused(name + "_differs")
    c = r["checkpoint"]
    signers = check_log(c, policy)
    h = leaf_hash(r["salt"], r["record"].encode())
    if root_from_path(r["index"], c["size"], h, r["path"]) != c["root"]:
        raise Refused("not_in_log")
    witnesses = check_witnesses(c, policy)
    return {"ok": True, "seq": r["index"], "origin": c["origin"].decode(), "size": c["size"],
            "root": base64.b64encode(c["root"]).decode(), "kind": record["kind"], "subject": record.get("subject", ""),
            "at": record["at"], "signers": signers, "witnesses": witnesses}


SENTENCES = {
    "too_large": "the file has more than 1,048,576 bytes and is no receipt",
    "not_receipt": "this is not a receipt: the first line is not kokoroe-receipt@v1",
    "line_invalid": "the file is damaged",
    "record_malformed": "the record is not written as the format demands",
    "record_version_unknown": "the record has a version that this program does not know",
    "text_differs": "the text is not the one that the record names",
    "declaration_differs": "the declaration is not the one that the record names",
    "not_in_log": "the record is not in the log that was signed, or was changed",
    "checkpoint_malformed": "the checkpoint is not written as the format demands",
    "signature_unknown": "no key of the policy signed for this log",
    "signature_wrong": "a signature is wrong",
    "quorum_missing": "fewer witnesses signed than the policy asks for",
}


def examine(path, policy):
    with open(path, "rb") as f:
        data = f.read(MAX_RECEIPT + 1)
    try:
        return {"file": path, **verify(data, policy)}, ""
    except Refused as e:
        out = {"file": path, "ok": False, "error": e.code}
        if e.line is not None:
            out["line"] = e.line
        return out, e.detail


def in_words(result, detail):
    if result["ok"]:
        by = " and ".join(result["signers"] + [f"witness {w}" for w in result["witnesses"]])
        return f"{result['file']}: verifies: {result['kind']}, entry {result['seq']} of {result['size']} in {result['origin']}, signed by {by}"
    where = f"line {result['line']}: " if "line" in result else ""
    return f"{result['file']}: REFUSED: {where}{SENTENCES[result['error']]}" + (f" ({detail})" if detail else "")


def main():
    parser = argparse.ArgumentParser(description="Verifies receipts.")
    parser.add_argument("--policy", required=True, help="file with the keys and witnesses that are trusted")
    parser.add_argument("--json", action="store_true", help="one JSON object a receipt")
    parser.add_argument("receipt", nargs="+")
    args = parser.parse_args()
    try:
        with open(args.policy, "rb") as f:
            policy = parse_policy(f.read(MAX_POLICY + 1))
    except (OSError, PolicyError) as e:
        print(f"{args.policy}: {e}", file=sys.stderr)
        return 2
    code = 0
    for path in args.receipt:
        try:
            result, detail = examine(path, policy)
        except OSError as e:
            print(e, file=sys.stderr)
            code = 2
            continue
        print(json.dumps(result, ensure_ascii=False) if args.json else in_words(result, detail))
        code = code or (0 if result["ok"] else 1)
    return code


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(main())
