"""Servers on loopback that answer as the check services do, written from their wire formats."""
