-- What one process knows of a line, told to Redis; `redis_line.py` says what the keys hold.
--
-- KEYS  waiting, places, leases, numbers, rounds, epoch
-- ARGV  the channel, what to say there, places, seconds of life, how many left, how many hold a
--       place, the epoch that the process knows, then the ids of those, and of those who wait
-- It answers with the epoch and, for each who waits, with the position; 0 is a place. In an epoch
-- that the process does not know, nobody gets anything: Redis has forgotten who holds a place, and
-- the process is to wait until everybody has told.
--
-- An id begins with its user's (32 characters). A member of `waiting` is 16 digits and the id, so
-- that within a round the order is that of arrival.

local waiting, places, leases, numbers, rounds, epochs = unpack(KEYS)
local time = redis.call('TIME')
local now, life = time[1] + time[2] / 1000000, tonumber(ARGV[4])
local left, held = 8 + ARGV[5], 8 + ARGV[5] + ARGV[6]
local changed, ours = false, {}

local epoch = redis.call('GET', epochs)
if not epoch then
  epoch = time[1] .. '.' .. time[2]
  redis.call('SET', epochs, epoch)
end
redis.call('EXPIRE', epochs, 604800)  -- a week, since an epoch that ends makes people wait
local forgotten = ARGV[7] ~= '' and ARGV[7] ~= epoch

local function user(id) return string.sub(id, 1, 32) end
local function get(name, otherwise)
  return tonumber(redis.call('HGET', rounds, name) or otherwise)
end
local function add(name, by)
  if redis.call('HINCRBY', rounds, name, by) == 0 then redis.call('HDEL', rounds, name) end
end

local function leave(id)
  if redis.call('ZREM', leases, id) == 0 then return end
  changed = true
  local who = user(id)
  if redis.call('SREM', places, id) == 1 then
    add('h' .. who, -1)
  else
    local member = redis.call('HGET', numbers, id) .. id
    local free = redis.call('ZSCORE', waiting, member)
    redis.call('ZREM', waiting, member)
    redis.call('HDEL', numbers, id)
    add('w' .. who, -1)
    if get('w' .. who, 0) > 0 then  -- the later ones of this user move up
      for _, other in ipairs(redis.call('ZRANGEBYSCORE', waiting, '(' .. free, '+inf')) do
        if user(string.sub(other, 17)) == who then redis.call('ZINCRBY', waiting, -1, other) end
      end
    end
  end
  if get('w' .. who, 0) + get('h' .. who, 0) == 0 then redis.call('HDEL', rounds, 's' .. who) end
end

local function hold(id, round)
  redis.call('SADD', places, id)
  redis.call('HSET', rounds, 's' .. user(id), round)
  add('h' .. user(id), 1)
end

for at = 8, left - 1 do leave(ARGV[at]) end
for at = left, held - 1 do
  if redis.call('SISMEMBER', places, ARGV[at]) == 0 then  -- Redis has forgotten
    leave(ARGV[at])
    hold(ARGV[at], get('round', 0))
  end
  redis.call('ZADD', leases, now + life, ARGV[at])
end
if forgotten then return {epoch} end
for at = held, #ARGV do
  local id = ARGV[at]
  ours[id] = true
  if not redis.call('ZSCORE', leases, id) then
    local who = user(id)
    local number = string.format('%016d', redis.call('HINCRBY', rounds, 'arrived', 1))
    local round = math.max(get('s' .. who, -1) + 1, get('round', 0)) + get('w' .. who, 0)
    redis.call('HSET', numbers, id, number)
    redis.call('ZADD', waiting, round, number .. id)
    add('w' .. who, 1)
    changed = true
  end
  redis.call('ZADD', leases, now + life, id)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do leave(id) end

local theirs = false
while redis.call('SCARD', places) < tonumber(ARGV[3]) do
  local first = redis.call('ZPOPMIN', waiting)
  if not first[1] then break end
  local id = string.sub(first[1], 17)
  redis.call('HDEL', numbers, id)
  redis.call('HSET', rounds, 'round', first[2])
  add('w' .. user(id), -1)
  hold(id, first[2])
  changed, theirs = true, theirs or not ours[id]
end
if theirs or changed and redis.call('ZCARD', waiting) > 0 then
  redis.call('PUBLISH', ARGV[1], ARGV[2])
end
for at = 1, 5 do redis.call('EXPIRE', KEYS[at], math.ceil(4 * life)) end

local positions = {epoch}
for at = held, #ARGV do
  local number = redis.call('HGET', numbers, ARGV[at])
  table.insert(positions, number and redis.call('ZRANK', waiting, number .. ARGV[at]) + 1 or 0)
end
return positions
