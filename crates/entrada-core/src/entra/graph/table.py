#!/usr/bin/env python3
"""Converts the table of Microsoft Graph calls between its compact form and plain rows.

    table.py unpack > rows.tsv     prints one row for each call
    table.py pack < rows.tsv       writes permissions.txt, access.txt and calls.txt next to this script

A row has five columns, separated by tabs: the method, the path, and the permissions that suffice for a work or school
account, for a personal account (both delegated) and for an application. Permissions are separated by spaces, the least
privileged first. Each is marked by the characters after its name:

    *  one of the least privileged
    a  an administrator has to consent to the delegated permission
    r  resource-specific: granted by a team, chat or group, and never in a token

An empty column: this kind of token cannot make the call. In a path, `{}` stands for an id and `()` for the arguments of a
function. mod.rs describes the compact form.
"""

import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
METHODS = {"GET": "G", "POST": "P", "PATCH": "U", "PUT": "T", "DELETE": "D"}


def read(name):
    return (HERE / name).read_text(encoding="ascii").splitlines()


def unpack():
    names = [line.partition(" ") for line in read("permissions.txt")]
    access = read("access.txt")
    letters = {letter: method for method, letter in METHODS.items()}

    def column(text):
        least, _, others = text.partition("!")
        marked = [(index, "*") for index in least.split(",") if index]
        marked += [(index, "") for index in others.split(",") if index]
        return " ".join(names[int(index)][0] + ":" + mark + names[int(index)][2] for index, mark in marked)

    segments = []
    for line in read("calls.txt"):
        depth = len(line) - len(line.lstrip(" "))
        segment, _, methods = line.strip().partition(" ")
        segments[depth:] = [segment]
        number = ""
        for char in methods + "G":
            if char.isdigit():
                number += char
                continue
            if number:
                columns = [column(text) for text in access[int(number)].split("|")]
                print(letters[letter], "/" + "/".join(segments), *columns, sep="\t")
            letter, number = char, ""


def pack():
    rows = [line.rstrip("\n").split("\t") for line in sys.stdin]
    count, flags = Counter(), {}
    for row in rows:
        for permission in " ".join(row[2:]).split():
            name, _, marks = permission.partition(":")
            count[name] += 1
            flags[name] = marks.replace("*", "")
    # Frequent permissions get short numbers.
    names = sorted(count, key=lambda name: (-count[name], name))
    index = {name: str(number) for number, name in enumerate(names)}
    access, tree = {}, {}

    def column(text):
        all_of = [permission.partition(":") for permission in text.split()]
        least = [index[name] for name, _, marks in all_of if "*" in marks]
        others = [index[name] for name, _, marks in all_of if "*" not in marks]
        return ",".join(least) + "!" + ",".join(others) if all_of else ""

    for method, path, *columns in sorted(rows, key=lambda row: (row[1].split("/"), row[0])):
        key = "|".join(column(text) for text in columns)
        number = access.setdefault(key, len(access))
        node = tree
        for segment in path.strip("/").split("/"):
            node = node.setdefault(segment, {})
        node[""] = node.get("", "") + METHODS[method] + str(number)

    lines = []

    def walk(node, depth):
        for segment in sorted(key for key in node if key):
            methods = node[segment].get("", "")
            lines.append((" " * depth + segment + " " + methods).rstrip())
            walk(node[segment], depth + 1)

    walk(tree, 0)
    for name, content in [
        ("permissions.txt", [(name + " " + flags[name]).rstrip() for name in names]),
        ("access.txt", list(access)),
        ("calls.txt", lines),
    ]:
        (HERE / name).write_text("".join(line + "\n" for line in content), encoding="ascii")


if __name__ == "__main__":
    if sys.argv[1:] == ["pack"]:
        pack()
    elif sys.argv[1:] == ["unpack"]:
        unpack()
    else:
        sys.exit(__doc__)
