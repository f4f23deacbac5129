"""The WordPress bridge on real WordPress: PHP and servers of Debian, WordPress 7.1.1 of npm and 6.1.9 of Debian."""
