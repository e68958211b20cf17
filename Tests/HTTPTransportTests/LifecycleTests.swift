import Core
import HTTPTransport
import TestKit
import Testing

/// Order, limits, cancellation and shutdown.
struct LifecycleTests {
    private func isFailure(_ result: Result<HTTPResponse, any Error>, _ code: HTTPTransportError.Code, reached: Bool) -> Bool {
        guard case .failure(let error as HTTPTransportError) = result else { return false }
        return error.code == code && error.mayHaveReachedServer == reached
    }

    @Test func `no more requests are in flight than allowed, and all are answered`() async throws {
        try await withServer(inFlightMax: 3, queuedMax: 64, script: { _ in [.answer(200, "x")] }) { server, client in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<40 { group.addTask { try await client.send(HTTPRequest(url: server.url)).status } }
                for try await status in group { #expect(status == 200) }
            }
            #expect(server.requests.count == 40)
            #expect(server.inWorkMost <= 3)
        }
    }

    @Test func `a request beyond the queue fails at once`() async throws {
        let gate = Gate()
        try await withServer(inFlightMax: 1, queuedMax: 0, script: { _ in [.wait(gate), .answer(200)] }) { server, client in
            async let first = client.send(HTTPRequest(url: server.url))
            await server.waitForRequests(1)
            let second = await client.failure(of: HTTPRequest(url: server.url))
            #expect(second == HTTPTransportError(code: .queueFull, mayHaveReachedServer: false))
            gate.open()
            try await #expect(first.status == 200)
            try await #expect(client.send(HTTPRequest(url: server.url)).status == 200)
        }
    }

    @Test func `cancelling a request in flight ends it, and the server may have seen it`() async throws {
        let gate = Gate()
        try await withServer(script: { _ in [.wait(gate)] }) { server, client in
            let task = Task { try await client.send(HTTPRequest(url: server.url)) }
            await server.waitForRequests(1)
            task.cancel()
            #expect(isFailure(await task.result, .cancelled, reached: true))
            gate.open()
        }
    }

    @Test func `cancelling a queued request ends it unsent`() async throws {
        let gate = Gate()
        try await withServer(inFlightMax: 1, script: { _ in [.wait(gate), .answer(200)] }) { server, client in
            async let first = client.send(HTTPRequest(url: server.url + "/first"))
            await server.waitForRequests(1)
            let second = Task { try await client.send(HTTPRequest(url: server.url + "/second")) }
            second.cancel()
            #expect(isFailure(await second.result, .cancelled, reached: false))
            gate.open()
            try await #expect(first.status == 200)
            #expect(server.requests.map(\.target) == ["/first"])
        }
    }

    @Test func `a task that has been cancelled sends nothing`() async throws {
        try await withServer(script: { _ in [.answer(200)] }) { server, client in
            let gate = Gate()
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await client.send(HTTPRequest(url: server.url))
            }
            task.cancel()
            #expect(isFailure(await task.result, .cancelled, reached: false))
            gate.open()
            try await #expect(client.send(HTTPRequest(url: server.url)).status == 200)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a shutdown ends requests in flight and in the queue, and refuses later ones`() async throws {
        let gate = Gate()
        try await withServer(inFlightMax: 1, script: { _ in [.wait(gate)] }) { server, client in
            let first = Task { try await client.send(HTTPRequest(url: server.url)) }
            await server.waitForRequests(1)
            let second = Task { try await client.send(HTTPRequest(url: server.url)) }
            await client.shutdown()
            #expect(isFailure(await first.result, .closed, reached: true))
            #expect(isFailure(await second.result, .closed, reached: false))
            #expect(await client.failure(of: HTTPRequest(url: server.url))?.code == .closed)
            await client.shutdown()
            gate.open()
        }
    }

    @Test func `a client that is released closes its connections`() async throws {
        let server = try ScriptedServer { _ in [.answer(200)] }
        for _ in 0..<20 {
            let client = HTTPClient(userAgent: "transport-tests/1")
            try await #expect(client.send(HTTPRequest(url: server.url)).status == 200)
        }
        #expect(Set(server.requests.map(\.connection)).count == 20)
        server.stop()
    }

    @Test func `with random cancellations every other request gets its own answer`() async throws {
        let seed = modelSeed
        print("seed of the random cancels: \(seed)")
        try await withServer(inFlightMax: 8, queuedMax: 400, script: { [.answer(200, $0.target)] }) { server, client in
            var random = SeededRandom(seed: seed)
            let tasks = (0..<300).map { number in
                let task = Task { try await client.text(of: HTTPRequest(url: server.url + "/\(number)")) }
                if random.next() % 4 == 0 { task.cancel() }
                return task
            }
            for task in tasks.indices.shuffled(using: &random).prefix(40) { tasks[task].cancel() }
            for (number, task) in tasks.enumerated() {
                switch await task.result {
                case .success(let text): #expect(text == "/\(number)", "seed \(seed)")
                case .failure(let error): #expect((error as? HTTPTransportError)?.code == .cancelled, "seed \(seed)")
                }
            }
            try await #expect(client.text(of: HTTPRequest(url: server.url + "/after")) == "/after", "seed \(seed)")
        }
    }
}
