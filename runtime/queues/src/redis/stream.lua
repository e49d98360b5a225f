-- A queue that is a stream with a consumer group. What is delivered is a pending entry of the group: whose, how
-- often and since when, Redis knows itself. An entry that has been idle for a lease is delivered again.
local stream, dead = KEYS[1], KEYS[2]
local group, consumer, lease, most = 'jobling', ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
-- Whose entries wait to be delivered again. Idle for so long that any lease has ended.
local nobody, ages = 'jobling:nobody', 86400000000

-- What other producers add may have other fields.
local function body_of(fields)
  local all = {}
  for i = 1, #fields, 2 do
    if fields[i] == 'body' or #fields == 2 then return fields[i + 1] end
    all[fields[i]] = fields[i + 1]
  end
  return cjson.encode(all)
end

-- The newest entry that there ever was: whoever waits, waits for one after it.
local function last_id()
  local facts = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #facts, 2 do
    if facts[i] == 'last-generated-id' then return facts[i + 1] end
  end
end

local function remove(id)
  redis.call('XACK', stream, group, id)
  redis.call('XDEL', stream, id)
end

local function bury(id, tries, why)
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry then
    redis.call('XADD', dead, '*', 'body', body_of(entry[2]), 'attempts', tries, 'why', why)
  end
  remove(id)
end

-- 1: this consumer holds that delivery. 0: another one was made since. 2: nobody holds it.
local function held(id, attempt)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err or #pending == 0 then return 2 end
  if pending[1][2] == consumer and pending[1][4] == tonumber(attempt) then return 1 end
  return 0
end

local operations = {}

function operations.reserve()
  redis.pcall('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  while true do
    local ended = redis.call('XPENDING', stream, group, 'IDLE', lease, '-', '+', 1)[1]
    if not ended then break end
    local id, tries = ended[1], ended[4]
    if tries >= most then
      bury(id, tries, 'delivered ' .. tries .. ' times and never acknowledged')
    else
      local claimed = redis.call('XCLAIM', stream, group, consumer, 0, id)[1]
      if claimed then return {id, tries + 1, body_of(claimed[2])} end
      -- Somebody has deleted the entry.
      redis.call('XACK', stream, group, id)
    end
  end
  local new = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', stream, '>')
  if new then
    local entry = new[1][2][1]
    return {entry[1], 1, body_of(entry[2])}
  end
  -- When one may be delivered again, nobody can say without looking at all of them.
  local pending = redis.call('XPENDING', stream, group)[1]
  return {'', pending > 0 and math.min(lease, 500) or 0, last_id()}
end

function operations.ack()
  local state = held(ARGV[5], ARGV[6])
  if state == 1 then remove(ARGV[5]) end
  return state
end

function operations.nack()
  local id, attempt, delay = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
  local state = held(id, attempt)
  if state ~= 1 then return state end
  if attempt >= most then
    bury(id, attempt, 'failed ' .. attempt .. ' times')
  else
    -- Redis takes no time in the future: a delay is a lease at most.
    local idle = delay == 0 and ages or math.max(lease - delay, 0)
    redis.call('XCLAIM', stream, group, nobody, 0, id, 'IDLE', idle, 'JUSTID')
  end
  return state
end

function operations.extend()
  local state = held(ARGV[5], ARGV[6])
  if state == 1 then redis.call('XCLAIM', stream, group, consumer, 0, ARGV[5], 'IDLE', 0, 'JUSTID') end
  return state
end

-- Deleting a consumer would forget what it holds.
function operations.release()
  while true do
    local pending = redis.pcall('XPENDING', stream, group, '-', '+', 256, consumer)
    if pending.err then return 0 end
    if #pending == 0 then break end
    for _, entry in ipairs(pending) do
      local left = redis.call('XCLAIM', stream, group, nobody, 0, entry[1], 'IDLE', ages, 'JUSTID')
      if #left == 0 then redis.call('XACK', stream, group, entry[1]) end
    end
  end
  redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer)
  return 1
end

return operations[ARGV[1]]()
