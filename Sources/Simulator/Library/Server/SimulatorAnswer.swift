/// An answer before it goes on the wire.
struct SimulatorAnswer: Sendable {
    var status: Int
    var body: [UInt8]
    var contentType = "application/json; charset=utf-8"
    var headers: [(name: String, value: String)] = []
    /// What is really written: all of it, a part, or nothing.
    var delivery = Delivery.whole

    enum Delivery: Sendable { case whole, truncated, reset }

    static func json(_ body: [UInt8], status: Int = 200) -> SimulatorAnswer { .init(status: status, body: body) }
    static func fault(_ fault: StravaFault) -> SimulatorAnswer { .init(status: fault.status, body: fault.body) }

    static func html(_ text: String, status: Int = 200) -> SimulatorAnswer {
        .init(status: status, body: Array(text.utf8), contentType: "text/html; charset=utf-8")
    }

    static func redirect(to location: String) -> SimulatorAnswer {
        .init(status: 302, body: [], contentType: "text/html; charset=utf-8", headers: [("Location", location)])
    }
}
