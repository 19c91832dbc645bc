-- The load: every prepared body once, each phone with the cursor and the witness of its last answer, as a phone would.
-- Arguments: the pool's folder, the path to post to, the file for the result.

local threads = {}

function setup(thread)
  thread:set("probe", true) -- wrk asks for one request that it does not send
  threads[#threads + 1] = thread
end

function init(args)
  local folder, path = args[1], args[2]
  phones = {}
  for line in io.lines(folder .. "/phones") do
    local token, cursor, witness = line:match("([^\t]*)\t([^\t]*)\t(.*)")
    phones[#phones + 1] = {
      top = "POST " .. path .. " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nAuthorization: Bearer "
        .. token .. "\r\nContent-Length: ",
      cursor = cursor, witness = witness,
    }
  end
  owners, heads, bodies = {}, {}, {}
  local file = assert(io.open(folder .. "/bodies", "rb"))
  for line in file:lines() do
    local phone, head, body = line:match("(%d+) (%d+) (%d+)")
    owners[#owners + 1] = phones[phone + 1]
    heads[#heads + 1] = file:read(tonumber(head))
    bodies[#bodies + 1] = body == "0" and "" or file:read(tonumber(body))
  end
  file:close()
  sent, failed, problem, exhausted = 0, 0, "", 0
end

function request()
  local nth = sent + 1
  if probe then
    probe = nil
  else
    sent = nth
  end
  if nth > #bodies then
    exhausted, nth = 1, 1
    wrk.thread:stop()
  end
  local phone = owners[nth]
  local body = heads[nth] .. ',"sent_at":"' .. os.date("!%Y-%m-%dT%H:%M:%S.000Z") .. '","cursor":"' .. phone.cursor
    .. '","witness":' .. phone.witness .. "}\n" .. bodies[nth]
  return phone.top .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
  if status ~= 200 then
    failed, problem = failed + 1, body
    return
  end
  local phone = phones[tonumber(body:match('"batch":"(%x%x%x%x%x%x%x%x)'), 16) + 1]
  phone.cursor = body:match('"cursor":"([^"]*)"')
  phone.witness = body:match('"head":({"position":%d+,"digest":"%x+","signature":"%x+")') .. "}"
end

function done(summary, latency, requests)
  local thread = threads[1]
  local errors = summary.errors
  local file = assert(io.open(os.getenv("QOL_BENCH_RESULT"), "w"))
  file:write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%.3f,"p99":%.3f,"worst":%.3f,"failed":%d,"broken":%d,"exhausted":%s}\n',
    summary.requests, summary.duration, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    thread:get("failed"), errors.connect + errors.read + errors.write + errors.timeout,
    thread:get("exhausted") == 1 and "true" or "false"))
  file:write(thread:get("problem") or "", "\n")
  file:close()
end
