-- Posts events with ids that no other run uses. Arguments: API key, run, events a request, "django" to pass by the lane.
local key, run, size, way, count

function init(arguments)
   key, run, size, way, count = arguments[1], arguments[2], tonumber(arguments[3]), arguments[4], 0
   wrk.method = "POST"
   wrk.headers["Content-Type"] = size == 1 and "application/cloudevents+json" or "application/cloudevents-batch+json"
   wrk.headers["Authorization"] = "Bearer " .. key
   if way == "django" then wrk.headers["Prefer"] = "return=minimal" end
end

local function event()
   count = count + 1
   return string.format(
      '{"specversion":"1.0","id":"%s-%d","source":"bench","type":"llm_tokens","subject":"customer-%d",'
         .. '"time":"2026-01-%02dT%02d:%02d:%02dZ","data":{"model":"model-%d","region":"region-%d",'
         .. '"kind":"%s","tokens":%d}}',
      run, count, count % 50, 1 + count % 28, count % 24, count % 60, count % 59, count % 5, count % 3,
      count % 2 == 0 and "input" or "output", count % 4096)
end

function request()
   if size == 1 then return wrk.format(nil, nil, nil, event()) end
   local events = {}
   for number = 1, size do events[number] = event() end
   return wrk.format(nil, nil, nil, "[" .. table.concat(events, ",") .. "]")
end

function done(summary)
   io.write(string.format("result %d %d %d\n", summary.requests, summary.duration,
      summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect))
end
