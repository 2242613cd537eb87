#!/usr/bin/env python3
"""Draws heat.png, the demo's picture: hot letters, rings and sparks on a cool ground.

Usage: examples/data/make_picture.py OUTPUT.png
Needs nothing but Python. Deterministic.
"""
import math
import random
import struct
import sys
import zlib

WIDTH, HEIGHT = 1024, 512
GLYPHS = {
    "z": ["#####", "   ##", "  ## ", " ##  ", "#####"],
    "e": ["#####", "##   ", "#### ", "##   ", "#####"],
    "s": ["#####", "##   ", "#####", "   ##", "#####"],
    "v": ["## ##", "## ##", "## ##", " ### ", "  #  "],
    "m": ["## ##", "#####", "#####", "## ##", "## ##"],
}


def draw():
    cells = [[0.06 + 0.10 * y / HEIGHT for _ in range(WIDTH)] for y in range(HEIGHT)]

    def heat(x, y, value):
        if 0 <= x < WIDTH and 0 <= y < HEIGHT:
            cells[y][x] = max(cells[y][x], value)

    def disc(cx, cy, radius, value):
        for y in range(int(cy - radius) - 1, int(cy + radius) + 2):
            for x in range(int(cx - radius) - 1, int(cx + radius) + 2):
                if math.hypot(x - cx, y - cy) <= radius:
                    heat(x, y, value)

    def ring(cx, cy, radius, thickness, value):
        for y in range(int(cy - radius - thickness), int(cy + radius + thickness) + 1):
            for x in range(int(cx - radius - thickness), int(cx + radius + thickness) + 1):
                if abs(math.hypot(x - cx, y - cy) - radius) <= thickness / 2:
                    heat(x, y, value)

    pitch, left, top = 28, 110, 170
    for letter, glyph in enumerate("zesvm"):
        for row, line in enumerate(GLYPHS[glyph]):
            for column, mark in enumerate(line):
                if mark == "#":
                    cx = left + letter * 6 * pitch + column * pitch + pitch / 2
                    disc(cx, top + row * pitch * 1.2 + pitch / 2, pitch * 0.62, 0.92)
    for i, (cx, cy) in enumerate([(90, 90), (930, 430), (512, 440), (880, 80)]):
        ring(cx, cy, 46 + 6 * i, 9, 0.75)
        disc(cx, cy, 13, 1.0)
    random.seed(20)
    for _ in range(260):
        disc(random.uniform(6, WIDTH - 6), random.uniform(6, HEIGHT - 6), random.uniform(1, 3.2),
             random.uniform(0.5, 1.0))
    return cells


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows = b"".join(
        b"\0" + bytes(min(255, int(255 * value + 0.5)) for value in row) for row in draw())
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    with open(sys.argv[1], "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                   chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


main()
