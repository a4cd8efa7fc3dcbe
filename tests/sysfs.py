# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that stands for /sys: attributes are files, devices are folders, classes hold links, as the kernel has it."""
import os


def attribute(root, path, text):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='ascii') as file:
        file.write(text + '\n')


def device(root, kind, name, parent):
    """A device of a class, linked as the kernel does."""
    os.makedirs(os.path.join(root, 'devices', parent, kind, name))
    os.makedirs(os.path.join(root, 'class', kind), exist_ok=True)
    os.symlink(f'../../devices/{parent}/{kind}/{name}', os.path.join(root, 'class', kind, name))
    os.symlink('../..', os.path.join(root, 'devices', parent, kind, name, 'device'))


def attributes(root, folder, pairs):
    for name, value in pairs.items():
        attribute(root, f'{folder}/{name}', str(value))


def nic(root, name, address, state='up', speed=10000):
    attributes(root, f'class/net/{name}', {'address': address, 'operstate': state, 'speed': speed})


def host(root, number, driver, pairs):
    device(root, 'iscsi_host', f'host{number}', f'platform/host{number}')
    device(root, 'scsi_host', f'host{number}', f'platform/host{number}')
    attributes(root, f'class/iscsi_host/host{number}', pairs)
    attributes(root, f'class/scsi_host/host{number}', {'state': 'running', 'proc_name': driver})


def session(root, sid, number, target, portal, pairs=None):
    """A session of host number; portal is (address, port, tpgt)."""
    address, port, tpgt = portal
    device(root, 'iscsi_session', f'session{sid}', f'platform/host{number}/session{sid}')
    device(root, 'iscsi_connection', f'connection{sid}:0', f'platform/host{number}/session{sid}/connection{sid}:0')
    values = {'targetname': target, 'tpgt': tpgt, 'state': 'LOGGED_IN', 'ifacename': 'default', 'creator': 1, 'target_id': 0,
              'initiatorname': 'iqn.2020-01.lab:i', 'recovery_tmo': 120}
    values.update(pairs or {})
    attributes(root, f'class/iscsi_session/session{sid}', values)
    attributes(root, f'class/iscsi_connection/connection{sid}:0',
               {'address': address, 'port': port, 'persistent_address': address, 'persistent_port': port,
                'state': 'up' if values['state'] == 'LOGGED_IN' else 'failed'})


def disk(root, sid, number, lun, block, gib, state='running', holder=None):
    """A disk of a session; holder is (kernel name, name, uuid) of a device-mapper device on top."""
    address = f'{number}:0:0:{lun}'
    folder = f'devices/platform/host{number}/session{sid}/target{number}:0:0/{address}'
    attributes(root, folder, {'state': state, 'type': 0, 'vendor': 'LIO-ORG ', 'model': f'lab disk {lun}'})
    attribute(root, f'{folder}/block/{block}/size', str(gib * 2097152))
    os.makedirs(os.path.join(root, 'class/block'), exist_ok=True)
    os.symlink(f'../../{folder}/block/{block}', os.path.join(root, 'class/block', block))
    os.symlink('../..', os.path.join(root, folder, 'block', block, 'device'))
    if holder:
        name, title, uuid = holder
        attributes(root, f'devices/virtual/block/{name}', {'dm/name': title, 'dm/uuid': uuid})
        os.makedirs(os.path.join(root, folder, 'block', block, 'holders', name))
        if not os.path.lexists(os.path.join(root, 'class/block', name)):
            os.symlink(f'../../devices/virtual/block/{name}', os.path.join(root, 'class/block', name))
