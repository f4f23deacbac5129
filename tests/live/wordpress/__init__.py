"""The WordPress bridge on real WordPress: 7.1.1 of npm and 6.1.9 of Debian, under Debian's PHP."""
