package view_test

// samples are the words of the samples.
var samples = map[string]string{
	"ja": `
sample.provider.staff: 職員アカウントでサインイン
sample.provider.contractor: 委託事業者のアカウントでサインイン
sample.task.sns: ソーシャルメディア運用手順を読み、誓約する
sample.task.sns.hint: 広報アカウントの担当者になったため
sample.task.course: 情報セキュリティ年次研修を受ける
sample.task.course.hint: 9単元のうち3単元まで終わっています
sample.task.check: 理解度テストを受ける
sample.task.check.hint: 年次研修の単元をすべて終えると受けられます
sample.task.inspection: 自己点検票に回答する
sample.task.policy: 情報セキュリティ基本方針を読み、誓約する
sample.task.usb: USBメモリの取扱い研修を受ける
sample.task.mail: 不審メール対応訓練の振り返りを読む
sample.flash: 情報セキュリティ基本方針への誓約を記録しました
sample.receipt: 受領証を見る
sample.name: 氏名
sample.state: 状況
sample.lines: 受けた研修
sample.caption: 部署別の完了状況（令和8年11月22日 17:00現在）
sample.diff.a: 職員等は、業務で知り得た情報を
sample.diff.b: 許可なく外部へ持ち出してはならない
sample.diff.c: 情報セキュリティ管理者の許可なく庁外へ持ち出し、又は送信してはならない
sample.diff.d: 。
sample.done: 誓約を記録しました
sample.done.text: 記録は保存され、いつでも受領証を表示できます。
sample.reference: 受付番号
sample.form: 委託事業者の従事者を登録する
sample.hint: 契約書に記載した名前で入力してください
sample.mail: メールアドレス
sample.count: 人数
sample.note: 備考
sample.kind: 区分
sample.question: 拾ったUSBメモリをどうしますか
sample.option.a: 自分のパソコンにつないで持ち主を調べる
sample.option.b: つながずに、情報セキュリティ管理者へ届ける
sample.option.c: 元の場所に戻す
sample.file: 従事者の一覧
sample.wrong.mail: メールアドレスは name@example.jp のように入力してください
sample.wrong.kind: 区分を選んでください
sample.wrong.answer: "{{.On}}までに、どれか1つを選んでください"
`,
	"en": `
sample.provider.staff: Sign in with your staff account
sample.provider.contractor: Sign in with your contractor account
sample.task.sns: Read and pledge the social media procedure
sample.task.sns.hint: Because you became an operator of the public relations account
sample.task.course: Take the annual information security course
sample.task.course.hint: You have finished 3 of 9 lessons
sample.task.check: Take the check
sample.task.check.hint: You can start when you have finished all lessons
sample.task.inspection: Answer the self-inspection
sample.task.policy: Read and pledge the basic policy
sample.task.usb: Take the course on USB memory
sample.task.mail: Read the review of the suspicious mail drill
sample.flash: Your pledge to the basic policy has been recorded
sample.receipt: See the receipt
sample.name: Name
sample.state: State
sample.lines: Courses taken
sample.caption: Completion by department (as of 22 November 2026, 17:00)
sample.diff.a: "Staff must not take information they learn at work "
sample.diff.b: outside without permission
sample.diff.c: off the premises, or send it out, without the permission of the information security manager
sample.diff.d: .
sample.done: Your pledge has been recorded
sample.done.text: The record is kept, and you can show the receipt at any time.
sample.reference: Reference
sample.form: Register a contractor worker
sample.hint: As it is written in the contract
sample.mail: Email address
sample.count: How many people
sample.note: Remarks
sample.kind: Kind
sample.question: What do you do with a USB memory stick you found?
sample.option.a: Plug it into my own computer to find the owner
sample.option.b: Bring it to the information security manager without plugging it in
sample.option.c: Put it back where it was
sample.file: List of workers
sample.wrong.mail: Enter an email address like name@example.jp
sample.wrong.kind: Choose a kind
sample.wrong.answer: Choose one by {{.On}}
`,
}
