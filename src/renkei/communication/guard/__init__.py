"""What a draft gives away: who can be told from it, and whether the telephone comes first.

Of whom it says something that the group may not know: A12.2, A13.2, N3.3; of an emergency: N4.9.

Pure: knows neither database nor clock. ``folding`` makes writings alike and remembers where each
character stood; ``writings`` are all notations of a person, ``roster`` those whom an author knows;
``names``, ``dates``, ``numbers`` and ``addresses`` find. ``emergency`` judges what is happening: by
expressions and ``signs``, as ``said``, ``manner`` and ``times`` read their sentences, and by
``vitals`` (``vital_names``, ``values``, ``consciousness``). ``check`` gives the verdict.
"""
