import ControlAPI
import Core
import Foundation
import HTTPTypes
import Hummingbird

/// What an admin can do on the pages: the same requests as over the control socket, recorded under the account that made the link.
extension AdminRoutes {
    /// For `admin/connect.mustache`.
    private struct Connect {
        let csrf: String
        let made: Bool
        let uid: String
        let url: String
        let until: String
    }

    /// The body of an answer to the page's script.
    private struct Answer: Encodable {
        let text: String
    }

    /// The form for a new athlete.
    func connectForm(_ request: Request) async throws -> Response {
        try sessions.hosts.require(request)
        guard let admin = try await sessions.admin(request) else { throw PageRefusal.adminsOnly }
        let form = Connect(csrf: admin.csrf, made: false, uid: "", url: "", until: "")
        return PageAnswer.response(pages.page(.adminConnect, form, in: frame("Connect an athlete", "", admin)))
    }

    func act(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try sessions.hosts.requireOwnForm(request)
        let isScript = request.headers[values: .accept].contains { $0.contains("application/json") }
        do {
            guard let admin = try await sessions.admin(request) else { throw PageRefusal.adminsOnly }
            let form = try await sessions.form(request, csrf: admin.csrf)
            let name = context.parameters.get("name") ?? ""
            if name == "connect" { return try await connect(form, admin) }
            guard let deed = Said.Deed(rawValue: name) else { throw HTTPError(.notFound) }
            let said = Said(deed, athlete: try Self.athlete(form))
            try await carryOut(said, by: admin.account)
            reader.forget()
            return isScript ? JSONBody.response(Answer(text: said.sentence)) : PageAnswer.redirect(to: said.path)
        } catch let refusal as PageRefusal where isScript {
            return JSONBody.response(Answer(text: Self.sentence(refusal)), status: refusal.status)
        }
    }

    private static func sentence(_ refusal: PageRefusal) -> String {
        "\(refusal.title). \(refusal.text)" + (refusal.command.map { " \($0)" } ?? "")
    }

    /// Nil: all athletes.
    private static func athlete(_ form: PageForm) throws -> Int64? {
        guard let text = form["athlete"] else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let id = Int64(text), id > 0 else { throw PageRefusal.noForm }
        return id
    }

    private func carryOut(_ said: Said, by account: AdminAccount) async throws {
        let athlete = said.athlete
        switch said.deed {
        case .pause:
            let target = ControlTarget(athlete == nil ? .pauseAll : .pauseAthlete, athlete: athlete)
            let _: ChangedMessage = try await control.change(target, PauseRequest(forS: nil, reason: nil), by: account)
        case .resume:
            let target = ControlTarget(athlete == nil ? .resumeAll : .resumeAthlete, athlete: athlete)
            let _: ChangedMessage = try await control.change(target, by: account)
        case .sync:
            let target = ControlTarget(athlete == nil ? .syncAll : .syncAthlete, athlete: athlete)
            let _: AcceptedMessage = try await control.change(target, SyncRequestBody(full: false), by: account)
        case .retry:
            guard let athlete else { throw PageRefusal.noForm }
            let _: RetryMessage = try await control.change(ControlTarget(.retryAthlete, athlete: athlete), by: account)
        case .retrySetAside:
            guard let athlete else { throw PageRefusal.noForm }
            let all = QuarantineSelection(athleteID: athlete, endpoint: nil, objectID: nil)
            let _: QuarantineDoneMessage = try await control.change(ControlTarget(.quarantineRetry), all, by: account)
        }
    }

    /// Makes a connect link and shows it, this once.
    private func connect(_ form: PageForm, _ admin: AdminVisitor) async throws -> Response {
        guard let text = form["uid"], let uid = UID(text.trimmingCharacters(in: .whitespaces)) else {
            throw PageRefusal(status: .badRequest, title: "Not a name", text: UID.rule, link: ("Back", "/connect-link"))
        }
        let link: ConnectMessage = try await control.change(
            ControlTarget(.connect), ConnectRequest(uid: uid.text), by: admin.account)
        let until = "\(AdminText.instant(link.expiresAt, now: clock.now)) UTC"
        let shown = Connect(csrf: admin.csrf, made: true, uid: uid.text, url: link.url, until: until)
        return PageAnswer.response(pages.page(.adminConnect, shown, in: frame("Connect link", "", admin)))
    }
}
