# Puma in the interop test: puma -C puma.rb -b tcp://127.0.0.1:PORT

threads 1, 4
early_hints true
persistent_timeout Integer(ENV.fetch("IDLE"))

app do |env|
  status, body =
    case env["PATH_INFO"]
    when "/hello" then [200, "hello, world\n"]
    when "/echo" then [200, env["rack.input"].read]
    when "/small" then [413, "too large\n"]
    when "/hints"
      env["rack.early_hints"].call("Link" => "</style.css>; rel=preload")
      [200, "hinted"]
    else [404, "no such page\n"]
    end
  [status, { "Content-Type" => "text/plain", "Content-Length" => body.bytesize.to_s }, [body]]
end
