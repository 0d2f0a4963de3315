<?php
$metadata = json_decode(file_get_contents(__DIR__ . '/../config/state.json'), true)['remote'];
