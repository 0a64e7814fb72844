-- Posts events of now at an even pace. Arguments: API key, run, events a request, requests a second, type, subjects.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long microseconds; } bench_time; int gettimeofday(bench_time *, void *);")

local key, run, size, interval, kind, subjects
local clock, slot, count = ffi.new("bench_time"), nil, 0

function init(arguments)
   key, run, size, interval = arguments[1], arguments[2], tonumber(arguments[3]), 1000 / tonumber(arguments[4])
   kind, subjects = arguments[5], tonumber(arguments[6])
   wrk.method = "POST"
   wrk.headers["Content-Type"] = size == 1 and "application/cloudevents+json" or "application/cloudevents-batch+json"
   wrk.headers["Authorization"] = "Bearer " .. key
end

-- The next place in the one timetable of all connections, in milliseconds from now.
function delay()
   ffi.C.gettimeofday(clock, nil)
   local now = tonumber(clock.seconds) * 1000 + tonumber(clock.microseconds) / 1000
   slot = math.max((slot or now) + interval, now - 1000)
   return math.max(0, math.floor(slot - now + 0.5))
end

local function event()
   count = count + 1
   return string.format(
      '{"specversion":"1.0","id":"%s-%d","source":"bench","type":"%s","subject":"subject-%d",'
         .. '"data":{"model":"model-%d","region":"region-%d","kind":"%s","tokens":%d}}',
      run, count, kind, count * 7919 % subjects, count % 5, count % 3, count % 2 == 0 and "input" or "output",
      count % 4096)
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
