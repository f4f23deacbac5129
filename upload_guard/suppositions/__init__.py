"""What might have been otherwise about an upload, its lists and the settings, each as other inputs to judge.

They come as ladders: suppositions of one kind, the smallest step first, of which the first that changes the
verdict is worth telling. Whether one does is found by judging, never by reasoning here.
"""
