-- What one process knows of a line, told to Redis; `redis_slots.py` says what the keys hold.
--
-- KEYS  waiting, places, leases, numbers, rounds, epoch
-- ARGV  the channel, what to say there, places, seconds of life, how many left, how many hold a
--       place, the epoch that the process knows, then the ids of those, and of those who wait
-- It answers with the epoch and, for each who waits, with the position; 0 is a place. In an epoch
-- that the process does not know, nobody gets anything: Redis has forgotten who holds a place, and
-- the process is to wait until everybody has told.
--
-- An id begins with its user's (32 characters). A score of `waiting` is the round, and behind the
-- point what its user has had (`Line._had`) and waits for before it. A member is 16 digits and the
-- id, so that among equals the order is that of arrival.

local waiting, places, leases, numbers, rounds, epochs = unpack(KEYS)
local time = redis.call('TIME')
local now, life = time[1] + time[2] / 1000000, tonumber(ARGV[4])
local left, held = 8 + ARGV[5], 8 + ARGV[5] + ARGV[6]
local changed, ours = false, {}
-- One place behind the point of a score. Sums of it are exact, and nobody has so many.
local one = 1 / 1048576

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

-- Move what a user waits for behind `score`.
local function shift(who, score, by)
  if by == 0 or get('w' .. who, 0) == 0 then return end
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', waiting, '(' .. score, '+inf')) do
    if user(string.sub(member, 17)) == who then redis.call('ZINCRBY', waiting, by, member) end
  end
end

local function leave(id)
  if redis.call('ZREM', leases, id) == 0 then return end
  changed = true
  local who = user(id)
  if redis.call('SREM', places, id) == 1 then
    add('h' .. who, -1)
    shift(who, '-inf', -one)
  else
    local member = redis.call('HGET', numbers, id) .. id
    local free = redis.call('ZSCORE', waiting, member)
    redis.call('ZREM', waiting, member)
    redis.call('HDEL', numbers, id)
    add('w' .. who, -1)
    shift(who, free, -1 - one)
  end
  if get('w' .. who, 0) + get('h' .. who, 0) == 0 then redis.call('HDEL', rounds, 's' .. who) end
end

-- What a user has had, as it counts in a score.
local function had(who)
  return get('s' .. who, -1) < 0 and 0 or (1 + get('h' .. who, 0)) * one
end

-- `waited` is how many of those before the user's others this one was.
local function hold(id, round, waited)
  local who = user(id)
  local before = had(who)
  redis.call('SADD', places, id)
  redis.call('HSET', rounds, 's' .. who, round)
  add('h' .. who, 1)
  shift(who, '-inf', had(who) - before - waited * one)
end

for at = 8, left - 1 do leave(ARGV[at]) end
for at = left, held - 1 do
  if redis.call('SISMEMBER', places, ARGV[at]) == 0 then  -- Redis has forgotten
    leave(ARGV[at])
    hold(ARGV[at], get('round', 0), 0)
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
    local before = get('w' .. who, 0)
    local round = math.max(get('s' .. who, -1) + 1, get('round', 0)) + before
    redis.call('HSET', numbers, id, number)
    redis.call('ZADD', waiting, round + had(who) + before * one, number .. id)
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
  local round = math.floor(first[2])
  redis.call('HDEL', numbers, id)
  redis.call('HSET', rounds, 'round', round)
  add('w' .. user(id), -1)
  hold(id, round, 1)
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
