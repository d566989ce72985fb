"""Folders and files to samples: scan, readers, decoding, identity, writing.

scan.scan(folder)         -> Scan: layout, references, problems; nothing decoded but one part
SampleRef.load()          -> Sample: readers/<layout>.read
writers.write_part(...)   a part in the MVTec 3D-AD layout
identity.duplicates(refs) parts whose pictures are equal, byte for byte
"""
