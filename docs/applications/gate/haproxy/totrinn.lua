-- Asks Totrinn's gate about a request: `http-request lua.totrinn ADDRESS`, with ADDRESS like http://127.0.0.1:8700.
-- Lets the request go on only after the gate has answered 200. Anything else is handed to the browser, or is 503.
-- The application sees neither what a browser says in the gate's name, in whatever spelling, nor the gate's cookies.

local told = {
    "x-totrinn-person", "x-totrinn-email", "x-totrinn-name", "x-totrinn-organisation", "x-totrinn-organisation-id",
    "x-totrinn-role", "x-totrinn-amr", "x-totrinn-acr", "x-totrinn-auth-time",
}
local handed_back = { "location", "set-cookie", "cache-control", "content-type", "referrer-policy" }

local ours = { ["__Host-totrinn-gate"] = true, ["__Host-totrinn-gate-start"] = true }

local function cookies_in(sent)
    local lines, place = {}, 0
    while sent["cookie"] and sent["cookie"][place] do
        table.insert(lines, sent["cookie"][place])
        place = place + 1
    end
    return table.concat(lines, "; ")
end

local function without_ours(cookies)
    local kept = {}
    for pair in cookies:gmatch("[^;]+") do
        pair = pair:gsub("^%s+", "")
        if not ours[pair:match("^[^=]*")] then
            table.insert(kept, pair)
        end
    end
    return table.concat(kept, "; ")
end

local function check(txn, address)
    local sent = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-host"] = { txn.f:req_fhdr("host") or "-" },
        ["x-forwarded-uri"] = { txn.f:pathq() },
        ["x-forwarded-method"] = { txn.f:method() },
        ["x-forwarded-for"] = { txn.f:src() },
    }
    for _, name in ipairs({ "cookie", "accept", "sec-fetch-mode", "user-agent" }) do
        if sent[name] then
            headers[name] = {}
            for place, value in pairs(sent[name]) do
                headers[name][place + 1] = value
            end
        end
    end

    local answer = core.httpclient():get({ url = address .. "/gate?redirect", headers = headers, timeout = 5000 })

    for name, _ in pairs(sent) do
        -- CGI, WSGI and PHP read X_Totrinn_Person and X.Totrinn.Person as X-Totrinn-Person.
        if name:lower():gsub("%W", "-"):find("^x%-totrinn%-") then
            txn.http:req_del_header(name)
        end
    end
    if answer.status == 200 then
        for _, name in ipairs(told) do
            local values = answer.headers[name]
            txn.http:req_set_header(name, values and values[0] or "")
        end
        local others = without_ours(cookies_in(sent))
        txn.http:req_del_header("cookie")
        if others ~= "" then
            txn.http:req_add_header("cookie", others)
        end
        return
    end

    local reply = txn:reply({ status = answer.status ~= 0 and answer.status or 503 })
    for _, name in ipairs(handed_back) do
        for _, value in pairs(answer.headers and answer.headers[name] or {}) do
            reply:add_header(name, value)
        end
    end
    reply:set_body(answer.body or "")
    txn:done(reply)
end

core.register_action("totrinn", { "http-req" }, check, 1)
