"""What only a sandbox has, under `/_sandbox/`: the truth, the log of calls, faults, and a page to
do it by hand.
"""
