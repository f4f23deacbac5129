"""The pages for people, under /review. docs/people.md tells who may do what."""
