"""Smaller PNG files: a palette of 256 colours in place of three bytes a point. Flat pages lose nothing that can be seen."""
import collections
import struct
import zlib

COLOURS = 256


def rows_of(data):
    """Width, and each row's bytes, three a point, of a PNG as Chromium writes it: 8 bits a channel, with or without alpha, not interlaced."""
    place, packed = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        body = data[place + 8:place + 8 + length]
        place += 12 + length
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
    assert bits == 8 and colour in (2, 6)
    step = 3 if colour == 2 else 4
    raw, line = zlib.decompress(packed), width * step
    before, rows = bytearray(line), []
    for number in range(height):
        start = number * (line + 1)
        row = unfiltered(raw[start], bytearray(raw[start + 1:start + 1 + line]), before, step)
        rows.append(bytes(row) if step == 3 else b"".join(bytes(row[i:i + 3]) for i in range(0, line, 4)))
        before = row
    return width, rows


def unfiltered(kind, row, before, step):
    """PNG, section 9.2: each byte was written as its difference from what its neighbours foretell."""
    for i in range(len(row) if kind else 0):
        left = row[i - step] if i >= step else 0
        up, corner = before[i], before[i - step] if i >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            distances = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            guess = (left, up, corner)[distances.index(min(distances))]
        row[i] = (row[i] + guess) & 255
    return row


def with_palette(data):
    """The same picture in its 256 most frequent colours; each other point takes the nearest of them."""
    width, rows = rows_of(data)
    points = [[row[i:i + 3] for i in range(0, len(row), 3)] for row in rows]
    counts = collections.Counter()
    for row in points:
        counts.update(row)
    palette = [colour for colour, _ in counts.most_common(COLOURS)]
    index = {colour: number for number, colour in enumerate(palette)}
    for colour in counts:
        if colour not in index:
            index[colour] = min(range(len(palette)), key=lambda n: sum((a - b) ** 2 for a, b in zip(palette[n], colour)))
    lines = b"".join(b"\0" + bytes(index[colour] for colour in row) for row in points)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0))
            + chunk(b"PLTE", b"".join(palette)) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))
