"""eSpeak NG as a front end and as a speaker (extra `speech`; the library is under the GPL)."""
