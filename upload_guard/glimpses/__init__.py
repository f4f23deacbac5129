"""The little that people may be shown of held files: decoded in the sandbox, blurred here, noted first."""
