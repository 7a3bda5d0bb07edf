"""Where something is, in the words of the office: for what the proofs name on a terminal."""

from typing import Final

from renkei.audit.trail import Break

PARTS: Final = {
    "database": "データベースのファイル",
    "trail": "監査証跡の行",
    "messages": "メッセージと出来事",
    "keys": "鍵",
    "values": "封をした値",
    "files": "ファイル",
    "head": "署名付きの控え",
}
VALUES: Final = {
    "communication.Communication.text": "メッセージの本文",
    "communication.Communication.withdrawal_reason": "メッセージを取り消した理由",
    "communication.Version.text": "メッセージの訂正前の本文",
    "communication.Draft.content": "下書き",
    "group.Group.about_sealed": "自由グループの名前・趣旨・使い方",
    "group.JoinRequest.words": "自由グループへの参加の申込み",
    "group.JoinRequest.reason": "参加の申込みを断った理由",
    "disclosure.Erasure.reason_sealed": "消去の申請を戻した・取り下げた理由",
    "disclosure.Erasure.wish_sealed": "消去を望んだ人と、その言葉",
    "group.Member.end_reason": "グループを離れた理由",
    "group.Invitation.reason": "招待を断った・取り下げた理由",
    "patient.Patient.identity_sealed": "患者の氏名・生年月日・住所など",
    "patient.Patient.basics_sealed": "患者の基本情報",
    "patient.RelatedPerson.person_sealed": "家族・連絡先",
    "patient.Consent.signature_sealed": "同意書の署名と理由",
    "device.Device.note_sealed": "端末台帳の控え",
    "incident.Entry.text_sealed": "事故の記録",
    "incident.Incident.closing_sealed": "事故の原因と対策",
    "incident.Incident.report_sealed": "事故の報告",
    "incident.Incident.statement_sealed": "事故の報告書の下書き",
    "incident.Stop.lifting_sealed": "利用の停止を戻した理由",
    "incident.Stop.reason_sealed": "利用を止めた理由",
    "incident.Told.how_sealed": "事故を知らせた相手の控え",
    "people.Account.profile_sealed": "利用者の氏名など",
    "people.Organization.head": "事業所の代表者名",
    "region.Notice.content": "お知らせの本文",
}
_STREAMS: Final = {
    "group": "グループ",
    "account": "利用者",
    "patient": "患者",
    "organization": "事業所",
    "region": "地域",
    "system": "システム",
}
_DATABASES: Final = {"default": "renkei.db", "keys": "keys.db（鍵の保管庫）"}


def _stream(name: str) -> str:
    kind, _, rest = name.partition(":")
    return f"{_STREAMS[kind]} {rest}" if kind in _STREAMS else name


def _value(name: str) -> str:
    label, row, column = name.split("/")
    return f"{VALUES.get(f'{label}.{column}', f'{label}.{column}')}（{label} {row}）"


def _file(name: str) -> str:
    return name.replace("File/", "ファイル ").replace("files/", "フォルダー files の中の ")


def place(part: str, found: Break) -> str:
    """The thing and its place, as an office would look for it; ids where there is no other name."""
    if found.stream == part:  # all of it: it could not be read
        return PARTS[part]
    if part == "messages":
        return f"{_stream(found.stream)} の{found.seq}番"
    if part in ("trail", "head"):
        where = f"証跡 {_stream(found.stream)}" if found.stream else "控え"
        return f"{where} の{found.seq}行目" if found.seq else where
    if part == "values":
        return _value(found.stream)
    if part == "database":
        return _DATABASES.get(found.stream, found.stream)
    if part == "keys":
        return found.stream.replace("DataKey/", "データ鍵 ")
    return _file(found.stream)
