import Core

/// Tests write uids as they are; one that breaks the rule ends the test run.
extension UID: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) {
        guard let uid = UID(text) else { preconditionFailure("\(text) is no uid") }
        self = uid
    }
}
