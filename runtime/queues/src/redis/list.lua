-- A queue that is a list, as producers that know nothing of jobling fill it by RPUSH. What is delivered gets a
-- number, under which its body, its attempts, its holder and the end of its lease are kept beside the list.
local list, dead, arrived, counter = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local leases, bodies, attempts, holders = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local consumer, lease, most = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function remove(id)
  redis.call('ZREM', leases, id)
  redis.call('HDEL', bodies, id)
  redis.call('HDEL', attempts, id)
  redis.call('HDEL', holders, id)
end

local function bury(id)
  redis.call('RPUSH', dead, redis.call('HGET', bodies, id))
  remove(id)
end

local function deliver(id, attempt)
  redis.call('ZADD', leases, now + lease, id)
  redis.call('HSET', attempts, id, attempt)
  redis.call('HSET', holders, id, consumer)
  return {id, attempt, redis.call('HGET', bodies, id)}
end

-- 1: this consumer holds that delivery. 0: another one was made since. 2: nobody holds it.
local function held(id, attempt)
  local tries = redis.call('HGET', attempts, id)
  if not tries then return 2 end
  if tries == attempt and redis.call('HGET', holders, id) == consumer then return 1 end
  return 0
end

local operations = {}

function operations.reserve()
  while true do
    local id = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 1)[1]
    if not id then break end
    local tries = tonumber(redis.call('HGET', attempts, id))
    if tries < most then return deliver(id, tries + 1) end
    bury(id)
  end
  local body = redis.call('LPOP', arrived) or redis.call('LPOP', list)
  if body then
    local id = tostring(redis.call('INCR', counter))
    redis.call('HSET', bodies, id, body)
    return deliver(id, 1)
  end
  local next = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')[2]
  return {'', next and math.max(next - now, 1) or 0, ''}
end

function operations.ack()
  local state = held(ARGV[5], ARGV[6])
  if state == 1 then remove(ARGV[5]) end
  return state
end

function operations.nack()
  local id, attempt, delay = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
  local state = held(id, ARGV[6])
  if state ~= 1 then return state end
  if attempt >= most then
    bury(id)
  else
    redis.call('HDEL', holders, id)
    redis.call('ZADD', leases, delay == 0 and 0 or now + delay, id)
  end
  return state
end

function operations.extend()
  local state = held(ARGV[5], ARGV[6])
  if state == 1 then redis.call('ZADD', leases, now + lease, ARGV[5]) end
  return state
end

function operations.release()
  local all = redis.call('HGETALL', holders)
  for i = 1, #all, 2 do
    if all[i + 1] == consumer then
      redis.call('HDEL', holders, all[i])
      redis.call('ZADD', leases, 0, all[i])
    end
  end
  return 1
end

return operations[ARGV[1]]()
