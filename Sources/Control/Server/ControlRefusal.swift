import ControlAPI

/// A request that is not carried out, with the code and the sentence that the asker gets.
struct ControlRefusal: Error, Sendable {
    let code: ControlErrorCode
    let message: String

    init(_ code: ControlErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    static func badRequest(_ message: String) -> ControlRefusal { ControlRefusal(.badRequest, message) }

    static func noAthlete(_ athlete: Int64) -> ControlRefusal {
        ControlRefusal(.notFound, "there is no athlete \(athlete); fitnessctl athletes list shows who there is")
    }
}
