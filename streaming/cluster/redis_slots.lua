-- Updates the queue for one provider with all that one process knows of it, grants free slots, and
-- returns positions. `redis_slots.py` says what the keys hold.
--
-- KEYS  requests, leases, rounds, epoch
-- ARGV  the channel, what to publish there, slots, seconds of life, how many left, how many hold a
--       slot, the epoch that the process knows; then the ids of those, and of those that wait
-- Returns the epoch and, for each that holds a slot or waits: its position in the queue, if it is
-- greater than 0; else it holds a slot, and the number without its sign is how many requests to the
-- same model got theirs before. In an epoch that the process does not know nothing is granted: Redis came back empty and does not know who holds a
-- slot, so the process has to wait until all processes have told.

local requests, leases, rounds, epochs = unpack(KEYS)
local time = redis.call('TIME')
local now, capacity, life = time[1] + time[2] / 1000000, tonumber(ARGV[3]), tonumber(ARGV[4])
local first_held, first_waiting = 8 + ARGV[5], 8 + ARGV[5] + ARGV[6]

local epoch = redis.call('GET', epochs)
if not epoch then
  epoch = time[1] .. '.' .. time[2]
  redis.call('SET', epochs, epoch)
end
redis.call('EXPIRE', epochs, 604800)  -- a week: a new epoch makes everybody wait for a moment
local forgotten = ARGV[7] ~= '' and ARGV[7] ~= epoch

local function load(key)
  local values, flat = {}, redis.call('HGETALL', key)
  for at = 1, #flat, 2 do values[flat[at]] = tonumber(flat[at + 1]) end
  return values
end
local function user(id) return string.sub(id, 1, 32) end

local numbers, served, changed = load(requests), load(rounds), false
local function leave(id)
  redis.call('ZREM', leases, id)
  changed = redis.call('HDEL', requests, id) == 1 or changed
  numbers[id] = nil
end
local function hold(id, round)
  served.granted, served.round = (served.granted or 0) + 1, round
  served[user(id)], numbers[id] = round, -served.granted
  redis.call('HSET', rounds, 'granted', served.granted, 'round', round, user(id), round)
  redis.call('HSET', requests, id, numbers[id])
  changed = true
end

-- Who left, and who died: a user who has nothing here any more is new again.
for at = 8, first_held - 1 do leave(ARGV[at]) end
for at = first_held, forgotten and first_waiting - 1 or #ARGV do
  redis.call('ZADD', leases, now + life, ARGV[at])
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do leave(id) end
local here = {granted = true, round = true, arrived = true}
for id in pairs(numbers) do here[user(id)] = true end
for name in pairs(served) do
  if not here[name] then
    redis.call('HDEL', rounds, name)
    served[name] = nil
  end
end

-- Who is here. A holder that is not known is one that Redis has forgotten.
for at = first_held, first_waiting - 1 do
  if (numbers[ARGV[at]] or 0) >= 0 then hold(ARGV[at], served.round or 0) end
end
for _, key in ipairs({requests, leases, rounds}) do
  redis.call('EXPIRE', key, math.ceil(4 * life))
end
if forgotten then return {epoch} end
for at = first_waiting, #ARGV do
  local id = ARGV[at]
  if not numbers[id] then
    numbers[id] = redis.call('HINCRBY', rounds, 'arrived', 1)
    redis.call('HSET', requests, id, numbers[id])
    changed = true
  end
end

-- The order is that of `ProviderQueue.in_order`.
local queues, held, taken = {}, {}, 0
for id, number in pairs(numbers) do
  local who = user(id)
  if number < 0 then
    held[who], taken = (held[who] or 0) + 1, taken + 1
  else
    queues[who] = queues[who] or {}
    table.insert(queues[who], id)
  end
end
for _, queue in pairs(queues) do
  table.sort(queue, function(a, b) return numbers[a] < numbers[b] end)
end
local function rank(who, before)
  local round = math.max((served[who] or -1) + 1, served.round or 0)
  local had = served[who] and (held[who] or 0) + 1 or 0
  local id = queues[who][before + 1]
  return {round + before, had + before, numbers[id], id}
end
local function less(a, b)
  if a[1] ~= b[1] then return a[1] < b[1] end
  if a[2] ~= b[2] then return a[2] < b[2] end
  return a[3] < b[3]
end

while taken < capacity and next(queues) do
  local first
  for who in pairs(queues) do
    local candidate = rank(who, 0)
    if not first or less(candidate, first) then first = candidate end
  end
  local id = first[4]
  local who = user(id)
  hold(id, first[1])
  held[who], taken = (held[who] or 0) + 1, taken + 1
  table.remove(queues[who], 1)
  if not queues[who][1] then queues[who] = nil end
end

local order, positions, answer = {}, {}, {epoch}
for who, queue in pairs(queues) do
  for at = 1, #queue do table.insert(order, rank(who, at - 1)) end
end
table.sort(order, less)
for position, entry in ipairs(order) do positions[entry[4]] = position end

local holders, ahead = {}, {}
for id, number in pairs(numbers) do
  if number < 0 then table.insert(holders, id) end
end
table.sort(holders, function(a, b) return numbers[a] > numbers[b] end)
for _, id in ipairs(holders) do
  local model = string.match(id, '^[^:]*:[^:]*:[^:]*:(.*)$')
  positions[id] = -(ahead[model] or 0)
  ahead[model] = (ahead[model] or 0) + 1
end

for at = first_held, #ARGV do
  table.insert(answer, positions[ARGV[at]])
  positions[ARGV[at]] = nil
end
if changed and next(positions) then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return answer
