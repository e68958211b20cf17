import Foundation
import Glibc

/// Sends events to a running daemon at a steady rate, as Strava would, and measures how long each answer takes: from the instant at which the
/// event was due to be sent, so that a daemon that falls behind is seen.
///
/// A thread and a blocking socket for each connection: the daemon is to have the processors, not what measures it.
struct EventLoad: Sendable {
    /// A client may have 128.
    private static let connections = 120
    private static let patience_s = 30

    private let port: UInt16
    private let path: String
    private let athletes: [Int64]
    private let ratePerSecond: Double
    private let duration_s: Double

    /// - Parameters:
    ///   - file: the callback's address on this machine, with its secret path, in the first line, an athlete's number in each further one.
    init(file: String, ratePerSecond: Double, duration_s: Double) throws {
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
        guard let url = lines.first.flatMap(URL.init(string:)), let port = url.port.flatMap(UInt16.init(exactly:)), lines.count > 1,
            ratePerSecond > 0, duration_s > 0
        else { throw BenchFailure("the file must have the callback's address, with a port, and athletes") }
        self.port = port
        path = url.path
        athletes = lines.dropFirst().compactMap { Int64($0) }
        self.ratePerSecond = ratePerSecond
        self.duration_s = duration_s
    }

    /// Prints: events sent, answers other than 200, and the answers' times in milliseconds: median, 99th percentile, longest.
    func run() async throws {
        // So that writing to a closed connection is an error, not the end.
        signal(SIGPIPE, SIG_IGN)
        let start = ContinuousClock.now
        let answers = await withTaskGroup(of: [Answer].self) { group in
            for connection in 0..<Self.connections {
                group.addTask {
                    await withCheckedContinuation { done in
                        Thread.detachNewThread { done.resume(returning: send(eachFrom: connection, start)) }
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        let times = answers.map(\.time_s).sorted()
        guard let longest = times.last else { throw BenchFailure("no event was sent") }
        let refused = answers.count { !$0.isOK }
        let at = { (share: Double) in times[min(times.count - 1, Int(Double(times.count) * share))] * 1000 }
        print(String(format: "%d %d %.1f %.1f %.1f", answers.count, refused, at(0.5), at(0.99), longest * 1000))
    }

    private struct Answer {
        let isOK: Bool
        let time_s: Double
    }

    /// Every event of one connection, one after the other.
    private func send(eachFrom first: Int, _ start: ContinuousClock.Instant) -> [Answer] {
        var answers: [Answer] = []
        var socket = connected()
        for number in stride(from: first, to: Int(ratePerSecond * duration_s), by: Self.connections) {
            let due = start + .seconds(Double(number) / ratePerSecond)
            let early = ContinuousClock.now.duration(to: due).components
            if early.seconds >= 0, early.attoseconds > 0 {
                usleep(UInt32(early.seconds * 1_000_000 + early.attoseconds / 1_000_000_000_000))
            }
            let isOK = exchange(number, over: socket)
            if !isOK {
                close(socket)
                socket = connected()
            }
            let took = due.duration(to: .now).components
            answers.append(Answer(isOK: isOK, time_s: Double(took.seconds) + Double(took.attoseconds) / 1e18))
        }
        close(socket)
        return answers
    }

    /// A connection on the loopback address; -1: refused.
    private func connected() -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: Self.patience_s, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return -1
    }

    /// Whether the answer to the event is 200. It has no body, so that it ends with its header.
    private func exchange(_ number: Int, over socket: Int32) -> Bool {
        let body = """
            {"object_type":"activity","object_id":\(1_000_000 + number),"aspect_type":"create","updates":{},\
            "owner_id":\(athletes[number % athletes.count]),"subscription_id":1,"event_time":\(Int(Date().timeIntervalSince1970))}
            """
        var request =
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let sent = request.withUTF8 { Glibc.send(socket, $0.baseAddress, $0.count, 0) == $0.count }
        guard sent else { return false }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while !answer.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count <= 0 { return false }
            answer += buffer.prefix(count)
        }
        return answer.starts(with: "HTTP/1.1 200".utf8)
    }
}
