"""The peer of `./dev bench tokenizer`: the PyPI package `tokenizers`, one thread, timed by itself.

Started by weft_bench with TOKENIZER.JSON and the name of a file of documents: for each its length in bytes as eight little-endian bytes, then its
UTF-8. Says its version, then for each line on standard input encodes all documents and answers "seconds tokens checksum".
"""

import os
import struct
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers  # noqa: E402


def read(path):
    with open(path, "rb") as file:
        while head := file.read(8):
            yield file.read(struct.unpack("<Q", head)[0]).decode("utf-8")


def checksum(ids):
    """Of all documents in order: h = (31 h + id) mod 2^32."""
    value = 0
    for document in ids:
        for token in document:
            value = (31 * value + token) & 0xFFFFFFFF
    return value


def main():
    tokenizer = tokenizers.Tokenizer.from_file(sys.argv[1])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    documents = list(read(sys.argv[2]))
    # The fastest of its calls: it keeps no offsets. Taking the ids out as lists is not timed.
    encode = getattr(tokenizer, "encode_batch_fast", tokenizer.encode_batch)
    print(tokenizers.__version__, flush=True)
    value = None
    for _ in sys.stdin:
        begin = time.perf_counter()
        encodings = encode(documents, add_special_tokens=False)
        seconds = time.perf_counter() - begin
        if value is None:
            value = checksum(encoding.ids for encoding in encodings)
        print(seconds, sum(len(encoding) for encoding in encodings), value, flush=True)


if __name__ == "__main__":
    main()
