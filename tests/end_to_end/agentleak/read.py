"""Reads a trace with AgentLeak itself; prints what it took, and what it did not know."""

import json
import sys

from agentleak.core.config import Config
from agentleak.core.runner import AgentLeakRunner
from agentleak.core.trace import Event, Trace

given = json.load(sys.stdin)
trace = Trace.from_dict(given)
unknown = set(given) - set(Trace.model_fields)
for event in given["events"]:
    unknown |= set(event) - set(Event.model_fields)
result = AgentLeakRunner(Config()).analyze(trace)
report = {"unknown": sorted(unknown), "analyzed": result.event_count, "trace": trace.to_dict()}
print(json.dumps(report))
