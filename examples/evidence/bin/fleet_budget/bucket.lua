-- Leases up to `wanted` tokens from the bucket KEYS[1] and returns how many.
--
-- A bucket that does not exist starts empty. If Redis lost the bucket, it pays only the tokens
-- gained from then on.
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, process = tonumber(ARGV[3]), ARGV[4]

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local state = redis.call('HMGET', KEYS[1], 'tokens', 'counted_at')
local tokens, counted_at = tonumber(state[1]) or 0, tonumber(state[2]) or now
if not state[1] then
    redis.call('HSET', KEYS[1], 'since', string.format('%.6f', now))
end

tokens = math.min(capacity, tokens + math.max(0, now - counted_at) * rate)
-- If the clock goes back, the tokens of the repeated time are not added twice.
counted_at = math.max(now, counted_at)
local paid = math.min(wanted, math.floor(tokens))
redis.call('HSET', KEYS[1],
    'tokens', string.format('%.6f', tokens - paid),
    'counted_at', string.format('%.6f', counted_at))
redis.call('HINCRBY', KEYS[1], 'paid_to_' .. process, paid)
return paid
