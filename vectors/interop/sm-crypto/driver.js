// sm-crypto: `driver.js OURS TASKS OUT`. Raw keys in hexadecimal, r || s and DER, C1 C3 C2 and C1 C2 C3
// without the 04 in front.
'use strict'

const fs = require('fs')
const path = require('path')
const modules = path.join(process.env.NODE_PATH, 'sm-crypto')
const { sm2 } = require(modules)
const { version } = require(path.join(modules, 'package.json'))

const [ours, tasks, out] = process.argv.slice(2)
const answers = [{ version }]

const read = (folder, file) => fs.readFileSync(path.join(folder, file))
const hex = (folder, file) => read(folder, file).toString('hex')
const userId = folder => read(folder, 'id').toString('utf8')

function demand (condition, text) {
  if (!condition) throw new Error(text)
}

function verify (folder) {
  const [message, key] = [read(folder, 'message'), hex(folder, 'public.raw')]
  for (const [file, der] of [['signature.raw', false], ['signature.der', true]]) {
    const good = sm2.doVerifySignature(message, hex(folder, file), key, { hash: true, der, userId: userId(folder) })
    demand(good, `${file}: refused`)
  }
}

function sign (task, made, name) {
  const wanted = { 'r-starts-with-zero': 0, 's-starts-with-zero': 64 }[name]
  const [message, key] = [read(task, 'message'), hex(task, 'private.raw')]
  const options = { hash: true, publicKey: hex(task, 'public.raw'), userId: userId(task) }
  let raw
  do raw = sm2.doSignature(message, key, options)
  while (wanted !== undefined && raw.substr(wanted, 2) !== '00')
  fs.writeFileSync(path.join(made, 'signature.raw'), Buffer.from(raw, 'hex'))
  if (wanted === undefined) {
    const der = sm2.doSignature(message, key, { ...options, der: true })
    fs.writeFileSync(path.join(made, 'signature.der'), Buffer.from(der, 'hex'))
  }
}

const ORDERS = [['ciphertext.c1c3c2', 1], ['ciphertext.c1c2c3', 0]]

function decrypt (folder) {
  for (const [file, order] of ORDERS) {
    const ciphertext = hex(folder, file).substr(2)
    const found = sm2.doDecrypt(ciphertext, hex(folder, 'private.raw'), order, { output: 'array' })
    demand(Buffer.from(found).equals(read(folder, 'plaintext')), `${file}: another plaintext`)
  }
}

function encrypt (task, made) {
  for (const [file, order] of ORDERS) {
    const found = sm2.doEncrypt(read(task, 'plaintext'), hex(task, 'public.raw'), order)
    fs.writeFileSync(path.join(made, file), Buffer.from('04' + found, 'hex'))
  }
}

function answer (direction, cell, name, work) {
  let end = { ok: true }
  try {
    work()
  } catch (fault) {
    end = { ok: false, note: String(fault.message || fault).substr(0, 300) }
  }
  answers.push({ direction, cell, case: name, ...end })
}

function cases (root, cell) {
  const folder = path.join(root, cell)
  return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : []
}

for (const [cell, take, make] of [['signature', verify, sign], ['ciphertext', decrypt, encrypt]]) {
  for (const name of cases(ours, cell)) {
    answer('to', cell, name, () => take(path.join(ours, cell, name)))
  }
  for (const name of cases(tasks, cell)) {
    const made = path.join(out, cell, name)
    fs.mkdirSync(made, { recursive: true })
    answer('from', cell, name, () => make(path.join(tasks, cell, name), made, name))
  }
}
fs.mkdirSync(out, { recursive: true })
fs.writeFileSync(path.join(out, 'answers.jsonl'), answers.map(line => JSON.stringify(line) + '\n').join(''))
